"""Storage may list whatever it likes: a check ends, says why, and takes nothing for ours that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.storage.test_refusals import FORBIDDEN, bucket_at
from tests.support.platforms.scripted_server import Answer, Scripted, serving
from tests.support.platforms.storage import ID, SECRET
from worker.errors import BucketUnavailable
from worker.storage.bucket import PictureBucket
from worker.storage.comparing import compare
from worker.storage.keys import thumbnail_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.support.service.commands import Run

KEY, NEXT = thumbnail_key("a" * 64), thumbnail_key("b" * 64)


@pytest.fixture
def server() -> Iterator[Scripted]:
    """Serve answers that are written down beforehand."""
    with serving() as found:
        yield found


def listing(*keys: str, more: str = "", is_last: bool = False) -> Answer:
    """A page of a list, to which more is said to follow unless it is the last."""
    contents = "".join(f"<Contents><Key>{key}</Key>{more}</Contents>" for key in keys)
    is_cut = f"<IsTruncated>{str(not is_last).lower()}</IsTruncated>"
    inside = f"<EncodingType>url</EncodingType>{is_cut}{contents}"
    return Answer(200, raw=f"<ListBucketResult>{inside}</ListBucketResult>".encode())


@pytest.mark.parametrize(
    "pages",
    [
        [listing(KEY)],
        [listing()],
        [listing(NEXT, KEY)],
        [listing(KEY, KEY)],
        [listing(NEXT), listing(KEY)],
    ],
    ids=["repeats itself", "says nothing", "no order", "twice", "goes back"],
)
def test_a_list_that_does_not_go_on_ends(engine: Engine, server: Scripted, pages: list[Answer]) -> None:
    """It would be asked for ever, or its objects be taken for others'."""
    server.answers += pages

    with pytest.raises(BucketUnavailable, match="start-after"):
        list(compare(engine, bucket_at(server)))

    assert len(server.asked) <= 2


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><ListBucketResult>&c;</ListBucketResult>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><ListBucketResult/>',
        b"<ListBucketResult>",
        b"<html>welcome</html>",
        b"<ListBucketResult>" + b" " * (5 * 1024 * 1024) + b"</ListBucketResult>",
    ],
    ids=["entities", "file", "cut off", "page", "endless"],
)
def test_what_is_no_list_is_refused(engine: Engine, server: Scripted, body: bytes) -> None:
    """As a bucket that is away, and with the setting to look at where it is no XML of storage."""
    server.answers += [Answer(200, raw=body)]

    with pytest.raises(BucketUnavailable):
        list(compare(engine, bucket_at(server)))


def test_no_name_or_number_of_a_list_stops_a_check(engine: Engine, server: Scripted) -> None:
    """What PostgreSQL cannot take, and what Python will not read."""
    many = "9" * 5_000
    keys = [
        f"candidates/2026-01-01/{many}-1-00000000-8x4.bin",
        "thumbnails/%00.jpg",
        f"thumbnails/{many}.jpg",
    ]
    more = f"<Size>{many}</Size><LastModified>yesterday</LastModified>"
    server.answers += [listing(*keys, more=more, is_last=True)]

    part, _ = compare(engine, bucket_at(server))

    assert (len(part.objects), part.strange, part.orphans) == (3, 3, [])
    assert {one.size for one in part.objects} == {None}


def test_the_folder_itself_may_be_an_object(engine: Engine, server: Scripted) -> None:
    """As a console makes it: it is called as the prefix, and comes first, here on a page of its own."""
    server.answers += [listing("films/"), listing(f"films/{KEY}", is_last=True)]
    bucket = PictureBucket(bucket_at(server)._bucket, "films/")  # noqa: SLF001 - the same storage

    parts = list(compare(engine, bucket))

    assert [one.key for part in parts for one in part.objects] == ["", KEY]
    assert sum(part.strange for part in parts) == 1


def test_an_orphan_of_unknown_age_is_kept(
    server: Scripted, thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be an upload in flight."""
    server.answers += [listing(KEY, is_last=True)]
    _name(server, monkeypatch)

    said = thumbs("pictures", "check", "--remove-orphans", "--yes")

    assert "older than a day: 0" in said.output


def test_a_key_that_may_not_list_is_told_which_right_it_lacks(
    server: Scripted, thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading may go well all the same."""
    server.answers += [FORBIDDEN]
    _name(server, monkeypatch)

    said = thumbs("pictures", "check")

    assert said.exit_code == 1
    assert "s3:ListBucket" in said.stderr


def _name(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {
        "BUCKET_URL": "s3://films",
        "BUCKET_ENDPOINT_URL": server.url,
        "BUCKET_ACCESS_KEY_ID": ID,
        "BUCKET_SECRET_ACCESS_KEY": SECRET,
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)
