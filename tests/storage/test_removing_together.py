"""Objects are removed many by one request, and one by one where storage knows nothing else."""

from __future__ import annotations

import base64
import hashlib
import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.storage.test_listing import listing
from tests.storage.test_refusals import FORBIDDEN, bucket_at
from tests.storage.test_removals import noted
from tests.support.platforms.picture_shelf import let_notes_be_due
from tests.support.platforms.scripted_server import CUT, Answer, Scripted, serving
from tests.support.service.builders import JPEG, SMALL_JPEG
from worker import metrics
from worker.database import transaction
from worker.errors import BucketUnavailable
from worker.storage import bucket as storage_bucket
from worker.storage import removals
from worker.storage.keys import bundle_key, thumbnail_key
from worker.storage.remover import remove_due

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.support.platforms.picture_shelf import Shelf

KEYS = [thumbnail_key(f"{number}" * 64) for number in range(5)]
LONG_S = 5.0
TOGETHER, ALONE = "POST /films?delete=", [f"DELETE /films/{key}" for key in KEYS]


@pytest.fixture
def server() -> Iterator[Scripted]:
    """Serve answers that are written down beforehand."""
    with serving() as found:
        yield found


def let_be_due(engine: Engine, keys: list[str]) -> None:
    """Note objects that are to be removed now."""
    with transaction(engine) as session:
        removals.note(session, keys, timedelta(0))


def removing(gone: list[str], *refused: str) -> Answer:
    """What storage answers that has removed some, and others not."""
    gone_xml = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in gone)
    error = "<Code>AccessDenied</Code><Message>a lock</Message>"
    refused_xml = "".join(f"<Error><Key>{key}</Key>{error}</Error>" for key in refused)
    return Answer(200, raw=f"<DeleteResult>{gone_xml}{refused_xml}</DeleteResult>".encode())


def test_many_are_removed_by_one_request(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By as many as fit, without those that are gone already."""
    for key in KEYS[:4]:
        shelf.bucket().put(key, JPEG)
    let_be_due(engine, KEYS)
    monkeypatch.setattr(storage_bucket, "REMOVED_TOGETHER", 3)
    requests = metrics.BUCKET_REQUESTS.labels("delete", "ok")
    before = requests._value.get()  # noqa: SLF001 - prometheus_client has no other way

    assert remove_due(engine, shelf.bucket(), LONG_S) == 5

    assert (shelf.keys(), noted(engine)) == ([], [])
    assert requests._value.get() - before == 2  # noqa: SLF001 - the same


def test_a_request_has_the_checksum_that_storage_demands(server: Scripted) -> None:
    """And keys as XML needs them."""
    server.answers += [removing(["a&amp;&lt;", "b"])]

    assert bucket_at(server).delete(["a&<", "b"]) == {}
    (asked,) = server.journal
    assert b"<Object><Key>a&amp;&lt;</Key></Object><Object><Key>b</Key></Object>" in asked.body
    assert asked.headers["Content-MD5"] == base64.b64encode(hashlib.md5(asked.body).digest()).decode()  # noqa: S324


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(400, raw=b"<Error><Code>NotImplemented</Code></Error>"),  # Google's
        Answer(405, raw=b"<Error><Code>MethodNotAllowed</Code></Error>"),  # Alibaba's
        Answer(501, raw=b"<Error><Code>NotImplemented</Code></Error>"),
        Answer(404, raw=b"no route"),
    ],
    ids=["400", "405", "501", "404"],
)
def test_where_storage_removes_one_at_a_time_so_do_we(
    engine: Engine, server: Scripted, refusal: Answer
) -> None:
    """It is asked once, and nothing else in that transaction, which cannot wait for hundreds of requests."""
    server.answers += [refusal, Answer(204)]
    bucket = bucket_at(server)
    let_be_due(engine, KEYS[:2])
    remove_due(engine, bucket, LONG_S)
    assert (server.asked, noted(engine)) == ([TOGETHER], KEYS[:2])
    let_notes_be_due(engine)
    let_be_due(engine, KEYS[2:])
    remove_due(engine, bucket, LONG_S)

    assert (server.asked[0], sorted(server.asked[1:])) == (TOGETHER, ALONE)
    assert noted(engine) == []


def test_a_proxy_that_refused_once_does_not_make_us_slow_for_ever(
    engine: Engine, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dispatcher lives for months, and with one at a time it may never catch up."""
    server.answers += [Answer(404, raw=b"no route"), removing(KEYS)]
    monkeypatch.setattr(storage_bucket, "ALONE_S", 0.0)
    let_be_due(engine, KEYS)
    remove_due(engine, bucket_at(server), LONG_S)
    let_notes_be_due(engine)

    remove_due(engine, bucket_at(server), LONG_S)

    assert (server.asked, noted(engine)) == ([TOGETHER] * 2, [])


def test_what_storage_refuses_to_remove_is_tried_again(
    engine: Engine, server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    """Later, and so it holds up nothing else; what the answer says nothing of counts as still there."""
    caplog.set_level(logging.WARNING)
    server.answers += [removing([KEYS[0], KEYS[4]], KEYS[1]), removing(KEYS)]
    let_be_due(engine, KEYS)

    remove_due(engine, bucket_at(server), LONG_S)
    assert noted(engine) == KEYS[1:4]
    assert "AccessDenied: a lock" in caplog.text
    remove_due(engine, bucket_at(server), LONG_S)
    assert server.asked == [TOGETHER]
    let_notes_be_due(engine)
    remove_due(engine, bucket_at(server), LONG_S)

    assert (server.asked, noted(engine)) == ([TOGETHER] * 2, [])


def test_one_object_that_is_locked_holds_up_no_other(engine: Engine, server: Scripted) -> None:
    """Also where they are removed one at a time."""
    server.answers += [Answer(501), FORBIDDEN, Answer(204)]
    let_be_due(engine, KEYS)
    remove_due(engine, bucket_at(server), LONG_S)
    let_notes_be_due(engine)

    remove_due(engine, bucket_at(server), LONG_S)

    _, locked, *_ = server.asked
    assert sorted(server.asked[1:]) == ALONE
    assert locked.endswith(*noted(engine))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503),
        Answer(CUT),
        Answer(200, raw=b"<html>welcome</html>"),
        Answer(200, raw=b"<Error><Code>InternalError</Code></Error>"),
        Answer(200, raw=b'<!DOCTYPE a [<!ENTITY b "c">]><DeleteResult/>'),
    ],
    ids=["away", "cut", "proxy", "error", "hostile"],
)
def test_notes_stay_while_nobody_says_what_was_removed(
    engine: Engine, server: Scripted, answer: Answer
) -> None:
    """Storage that fails is not asked for one at a time instead."""
    server.answers += [answer]
    let_be_due(engine, KEYS)

    with pytest.raises(BucketUnavailable):
        remove_due(engine, bucket_at(server), LONG_S)

    assert (server.asked, noted(engine)) == ([TOGETHER], KEYS)


def test_a_proxy_that_knows_no_object_removes_none(engine: Engine, server: Scripted) -> None:
    """Its bare 404 says nothing of the object, which would stay for ever without its note."""
    server.answers += [Answer(404, raw=b"default backend - 404")]
    let_be_due(engine, KEYS[:1])

    with pytest.raises(BucketUnavailable, match="BUCKET_ENDPOINT_URL"):
        remove_due(engine, bucket_at(server), LONG_S)

    assert noted(engine) == KEYS[:1]


def test_a_folder_is_looked_through_to_its_end(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where all that comes first is shown, or is not ours."""
    folder = "candidates/2026-01-01/"
    ours = [bundle_key(date(2026, 1, 1), number, 1, (8, 4)) for number in range(1, 8)]
    for key in [*ours, f"{folder}0", f"{folder}notes.txt"]:
        shelf.bucket().put(key, SMALL_JPEG)
    shown = sorted(ours)[:3]
    monkeypatch.setattr(removals, "shown", lambda _, keys: set(shown).intersection(keys))
    monkeypatch.setattr(storage_bucket, "PAGE_KEYS", 2)
    let_be_due(engine, [folder])

    remove_due(engine, shelf.bucket(), LONG_S)

    assert shelf.keys() == sorted([*shown, f"{folder}0", f"{folder}notes.txt"])
    assert noted(engine) == []


def test_a_folder_that_takes_longer_lets_others_have_their_turn(engine: Engine, server: Scripted) -> None:
    """As one that is full of objects which storage refuses to remove."""
    keys = [bundle_key(date(2026, 1, 1), number, 1, (8, 4)) for number in (1, 2)]
    slow = Answer(403, raw=FORBIDDEN.raw, pause_s=0.02)
    server.answers += [listing(*keys, is_last=True), slow, listing(is_last=True)]
    for day in ("01", "02"):
        let_be_due(engine, [f"candidates/2026-01-{day}/"])
    bucket = bucket_at(server)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(storage_bucket, "REMOVED_TOGETHER", 1)
        remove_due(engine, bucket, longest_s=1.0)

    remove_due(engine, bucket, LONG_S)

    listed = [asked.removesuffix("%2F")[-2:] for asked in server.asked if asked.startswith("GET")]
    assert listed == ["01", "02", "01"]
    assert noted(engine) == []


def test_a_folder_full_of_what_is_not_ours_takes_no_longer_than_others(
    engine: Engine, server: Scripted
) -> None:
    """However many pages it has."""
    folder = "candidates/2026-01-01/"
    pages = [listing(f"{folder}{number}").raw for number in range(9)]
    server.answers += [Answer(200, raw=page, pause_s=0.01) for page in pages]
    let_be_due(engine, [folder])

    remove_due(engine, bucket_at(server), longest_s=1.0)

    assert (len(server.asked), noted(engine)) == (1, [folder])


def test_a_folder_whose_list_repeats_itself_holds_up_nothing(
    engine: Engine, server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that forgets where to go on would be asked for ever."""
    folder = "candidates/2026-01-01/"
    key = bundle_key(date(2026, 1, 1), 1, 1, (8, 4))
    server.answers += [listing(key), removing([key]), listing(key)]
    let_be_due(engine, [folder])

    remove_due(engine, bucket_at(server), LONG_S)

    assert [asked.split("?")[0] for asked in server.asked] == [
        "GET /films",
        f"DELETE /films/{key}",
        "GET /films",
    ]
    assert noted(engine) == [folder]
    assert "start-after" in caplog.text
