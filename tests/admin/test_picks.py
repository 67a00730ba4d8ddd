"""`thumbs picks`: what the customer's own systems were told is sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from tests.support.service import builders
from tests.support.service.commands import answer
from tests.support.service.customer_endpoint import Inbox
from tests.support.service.publisher_rig import PublisherRig, ready_publisher_rig, telling
from worker import publications
from worker.database import transaction
from worker.database.models import Asset, Publication
from worker.errors import PublishRejected
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.support.service.commands import Run

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification's example
LESSON = "direct/media/lesson-17"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Serve the customer's system."""
    with Inbox.serving() as inbox:
        yield inbox


@pytest.fixture
def rig(engine: Engine, tmp_path: Path, inbox: Inbox) -> Iterator[PublisherRig]:
    """Return a publisher that has told of the pick of one video."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        told = telling(rig, picks_url=inbox.url, picks_secret=SecretStr(SECRET))
        told.publish()
        yield told


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch, inbox: Inbox) -> None:
    """Set what the service has, for the command."""
    monkeypatch.setenv("PICKS_URL", inbox.url)
    monkeypatch.setenv("PICKS_SECRET", SECRET)


def test_what_was_told_is_told_again_under_the_same_id(rig: PublisherRig, inbox: Inbox, thumbs: Run) -> None:
    """The same bytes: who has it already can leave it, and who lost it has it again."""
    told = answer(thumbs("picks", "--resend", "--since", "1h", "--json"))["picks"]
    rig.publish()

    assert [(one["asset"], one["outcome"]) for one in told] == [(LESSON, "queued")]
    (before, body), (after, again) = inbox.deliveries
    assert before["webhook-id"] == after["webhook-id"]
    assert body == again


@pytest.mark.parametrize("words", [["--resend", "--dry-run", "--since", "1h"], [], ["--platform", "direct"]])
def test_a_list_sends_nothing(rig: PublisherRig, inbox: Inbox, thumbs: Run, words: list[str]) -> None:
    """It says what there is to be sent."""
    result = thumbs("picks", *words)
    rig.publish()

    assert result.exit_code == 0
    assert LESSON in result.stdout
    assert "00:01.500" in result.stdout
    assert len(inbox.deliveries) == 1


@pytest.mark.parametrize(
    ("words", "matches"),
    [
        (["lesson-17"], True),
        (["--account", "direct/media"], True),
        (["--platform", "direct"], True),
        (["--platform", "mux"], False),
        (["--since", "2h"], False),
        (["--since", "26h"], True),
    ],
)
def test_it_is_chosen_by_name_account_or_time(
    rig: PublisherRig, thumbs: Run, words: list[str], matches: bool
) -> None:
    """The time is when it was taken."""
    with transaction(rig.engine) as session:
        session.execute(
            update(Publication).values(confirmed_at=Publication.confirmed_at - timedelta(hours=24))
        )

    result = thumbs("picks", "--resend", *words)

    assert result.exit_code == (0 if matches else 1)
    assert ("queued" in result.stdout) is matches
    assert builders.publication_states(rig.engine) == ["pending" if matches else "confirmed"]


@pytest.mark.usefixtures("rig")
def test_to_send_everything_has_to_be_asked_for(thumbs: Run) -> None:
    """A system is not to be flooded by a slip."""
    result = thumbs("picks", "--resend")

    assert result.exit_code == 2
    assert "--since" in result.stderr


@pytest.mark.usefixtures("rig")
def test_without_an_address_there_is_nobody_to_tell(thumbs: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is said, and not that nothing matches."""
    monkeypatch.delenv("PICKS_URL")
    monkeypatch.delenv("PICKS_SECRET")

    result = thumbs("picks", "--resend", "--since", "1h")

    assert result.exit_code == 2
    assert "PICKS_URL: missing" in result.stderr


def test_what_was_given_up_is_sent_too(rig: PublisherRig, inbox: Inbox, thumbs: Run) -> None:
    """A system that was down for longer than a day."""
    rig.pick(9.0, minute=5)
    with transaction(rig.engine) as session:
        hint = publications.announce(session, rehint_s=60.0)[-1]
    with transaction(rig.engine) as session:
        claim = publications.claim(session, hint.id, builders.OWNER, builders.LEASE_S)
        assert claim is not None
        publications.fail(session, claim, PublishRejected("PICKS_URL answers 410"))

    assert "failed" in thumbs("picks").stdout
    thumbs("picks", "--resend", "--since", "1h")

    assert rig.publish().state == "confirmed"
    assert b'"time_s": 9.0' in inbox.deliveries[-1][1]


def test_what_waits_already_is_not_asked_for_twice(rig: PublisherRig, thumbs: Run) -> None:
    """It goes out anyway."""
    rig.pick(9.0, minute=5)

    for dry_run in (["--dry-run"], []):
        assert "waiting" in thumbs("picks", "lesson-17", "--resend", *dry_run).stdout


def test_a_newer_pick_goes_first_and_takes_its_place(rig: PublisherRig, inbox: Inbox, thumbs: Run) -> None:
    """What is sent again is never sent after what replaces it."""
    thumbs("picks", "lesson-17", "--resend")
    assert builders.every(rig.engine, Publication)[-1].priority == 9
    rig.pick(9.0, minute=5)

    rig.publish()

    assert [b'"time_s": 9.0' in body for _, body in inbox.deliveries] == [False, True]


def test_what_a_platform_shows_is_not_sent(engine: Engine, tmp_path: Path, thumbs: Run) -> None:
    """It was written there, and nobody was told."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        rig.publish()

        assert thumbs("picks").exit_code == 1
        assert thumbs("picks", "--resend", "--since", "1h").stdout == "nothing was told that matches\n"


def test_a_deleted_video_is_not_sent(rig: PublisherRig, thumbs: Run) -> None:
    """Its pictures are served no more."""
    with transaction(rig.engine) as session:
        asset = session.get_one(Asset, 1)
        about = {"platform": "direct", "account": "media", "asset_id": asset.external_id}
    builders.record(rig.engine, builders.event(EventKind.DELETED, minute=50, **about))

    assert thumbs("picks").exit_code == 1
