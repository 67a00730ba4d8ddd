"""What a write that the platform refused says of the thumbnail that is shown afterwards: nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.account_rows import let_it_open
from tests.support.service import builders
from tests.support.service.publisher_rig import PublisherRig, ready_publisher_rig
from worker.database import transaction
from worker.database.models import Publication
from worker.demo.simulator import InjectedFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

THEIRS = "thumbnail_theirs.jpg"


@pytest.fixture
def rig(engine: Engine, tmp_path: Path) -> Iterator[PublisherRig]:
    """Return a publisher, ready for the first pick at a platform that takes pictures, and names each."""
    with ready_publisher_rig(engine, tmp_path, "bunny") as rig:
        yield rig


def set_by_a_person(rig: PublisherRig) -> None:
    """Show a picture as somebody does at the platform's own pages."""
    rig.vendor.library.change(rig.asset_id, image=b"theirs", image_id=THEIRS)


def shown(rig: PublisherRig) -> str:
    """What the picture is called that the platform shows."""
    return rig.vendor.known(rig.asset_id).image_id


@pytest.mark.parametrize("status", [400, 403, 404, 429])
def test_what_a_person_sets_after_a_refused_write_stays(rig: PublisherRig, status: int) -> None:
    """As whoever sees no thumbnail come does; and the next pick leaves it alone, too."""
    rig.vendor.faults.plan(InjectedFault(status=status), method="POST")
    refused = rig.publish()
    set_by_a_person(rig)
    let_it_open(rig.engine)

    again = rig.publish()
    rig.pick(2.5, minute=5)
    next_one = rig.publish()

    assert refused.state == ("failed" if status in {400, 404} else "pending")
    assert again.state == ("failed" if status in {400, 404} else "yielded")
    assert (next_one.state, shown(rig)) == ("yielded", THEIRS)


@pytest.mark.parametrize("fault", [InjectedFault(is_reply_lost=True), InjectedFault(status=503)])
def test_what_is_shown_after_a_write_without_an_answer_may_be_ours(
    rig: PublisherRig, fault: InjectedFault
) -> None:
    """So it is replaced: the platform may have taken it, whatever it answered."""
    rig.vendor.faults.plan(fault, method="POST")

    assert rig.publish().state == "pending"
    rig.pick(2.5, minute=5)

    assert rig.publish().state == "confirmed"


def test_a_refused_question_after_a_write_does_not_call_it_off(rig: PublisherRig) -> None:
    """The picture was taken: it is ours, though nobody heard its name."""
    rig.vendor.faults.plan(InjectedFault(), method="GET")
    rig.vendor.faults.plan(InjectedFault(status=404), method="GET")

    assert rig.publish().state == "pending"
    rig.pick(2.5, minute=5)

    assert rig.publish().state == "confirmed"


def test_an_attempt_after_days_counts_as_one_of_today(rig: PublisherRig) -> None:
    """A write may wait for long; what its last attempt left there is still ours."""
    rig.vendor.faults.plan(InjectedFault(status=503), method="POST")
    rig.publish()
    with transaction(rig.engine) as session:
        session.execute(update(Publication).values(sent_at=Publication.sent_at - timedelta(days=2)))
    rig.vendor.faults.plan(InjectedFault(is_reply_lost=True), method="POST")
    rig.publish()
    rig.pick(2.5, minute=5)

    assert rig.publish().state == "confirmed"


def test_a_refusal_does_not_hide_an_earlier_attempt(rig: PublisherRig) -> None:
    """What that one may have left is ours."""
    rig.vendor.faults.plan(InjectedFault(is_reply_lost=True), method="POST")
    rig.publish()
    before = builders.every(rig.engine, Publication)[-1].sent_at
    rig.vendor.faults.plan(InjectedFault(status=403), method="POST")

    refused = rig.publish()

    assert before is not None
    assert refused.sent_at == before
    assert rig.publish().state == "confirmed"
