"""A write that the platform refuses: the account's matter, or this one's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from sqlalchemy import func, update

from tests.support.account_rows import account_of, let_it_open
from tests.support.service.publisher_rig import PublisherRig, ready_publisher_rig
from worker import accounts
from worker.database import transaction
from worker.database.accounts import Account
from worker.demo.simulator import InjectedFault
from worker.platforms import platform_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

NOBODY = "http://127.0.0.1:9/"


@pytest.fixture
def rig(engine: Engine, tmp_path: Path) -> Iterator[PublisherRig]:
    """Return a publisher, ready for the pick of one video."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_lets_the_write_wait_and_go_on_by_itself(rig: PublisherRig, status: int) -> None:
    """The account opens with the first answer."""
    rig.vendor.faults.plan(InjectedFault(status=status), count=2)

    refused = rig.publish()
    while_closed = rig.publish()
    let_it_open(rig.engine)
    confirmed = rig.publish()

    assert (refused.state, refused.attempt, while_closed.attempt) == ("pending", 0, 0)
    assert (confirmed.state, confirmed.attempt) == ("confirmed", 1)
    assert account_of(rig.engine).refused_at is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_one_write_leaves_the_account_open(rig: PublisherRig, status: int) -> None:
    """It is tried again like any that may pass, and says what was refused."""
    rig.vendor.faults.plan(InjectedFault(status=status), method="PATCH")

    refused = rig.publish()

    assert (refused.state, refused.error_class) == ("pending", "RequestForbidden")
    assert account_of(rig.engine).refused_at is None
    assert rig.publish().state == "confirmed"


def test_reading_the_asset_does_not_excuse_a_write_that_fails(rig: PublisherRig) -> None:
    """Only the platform's yes to a write tells that it takes writes."""
    rig.vendor.faults.plan(InjectedFault(status=500), method="PATCH")

    rig.publish()
    failed = account_of(rig.engine)
    rig.publish()

    assert (failed.failures, failed.only_writes_fail) == (1, True)
    assert account_of(rig.engine).failures == 0


def test_picks_that_their_receiver_does_not_take_close_no_account(engine: Engine, tmp_path: Path) -> None:
    """PICKS_URL is no platform: the videos can be looked at."""
    with ready_publisher_rig(engine, tmp_path, "fastpix") as rig:
        tell_nobody(rig)

        write = rig.publish()

    assert (write.state, write.error_class) == ("pending", "PicksNotTaken")
    assert account_of(engine).failures == 0


def test_a_write_that_asks_no_platform_does_not_keep_others_from_asking(
    engine: Engine, tmp_path: Path
) -> None:
    """Else a refused account, of which only such writes wait, would never be asked."""
    with ready_publisher_rig(engine, tmp_path, "fastpix") as rig:
        tell_nobody(rig)
        with transaction(engine) as session:
            session.execute(update(Account).values(refused_at=func.now()))

        rig.publish()

        with transaction(engine) as session:
            assert accounts.admit(session, account_of(engine).id)


def tell_nobody(rig: PublisherRig) -> None:
    """Let the picks go to a system that is down, and nothing to the platform."""
    told = {"picks_url": NOBODY, "picks_secret": SecretStr("whsec_c2VjcmV0")}
    account = rig.publisher.settings.fastpix["main"].model_copy(update={"write_metadata": False})
    settings = rig.publisher.settings.model_copy(update=told | {"fastpix": {"main": account}})
    rig.publisher = replace(
        rig.publisher,
        settings=settings,
        platform_of=lambda claim: platform_of(claim.platform, claim.account, settings),
    )
