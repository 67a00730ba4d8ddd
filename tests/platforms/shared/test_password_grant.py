"""A login with a name and a password: once for all platform objects, and again only when it has to be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import NOWHERE, client, clip
from worker.demo.simulator import InjectedFault
from worker.demo.simulator.vendors.peertube import CLIENT_PATH, PASSWORD, TOKEN_PATH, SimulatedPeerTube
from worker.errors import CredentialsRefused, PlatformUnavailable, RateLimited
from worker.platforms.shared.tokens.password_grant import PasswordGrant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.platforms.base import Platform

PREFIX = "PEERTUBE__MAIN"


@contextmanager
def instance() -> Iterator[tuple[SimulatedPeerTube, Platform]]:
    """An instance, and our client of it."""
    with SimulatedPeerTube(NOWHERE) as vendor:
        ours = client(vendor)
        yield vendor, ours
        ours.close()


def logins(vendor: SimulatedPeerTube) -> list[int | None]:
    """The statuses of all that tokens were asked for with."""
    return [one.status for one in vendor.journal.entries("request") if one.path == TOKEN_PATH]


def test_all_objects_of_a_process_share_a_login(tmp_path: Path) -> None:
    """A platform object lives for one job, and an instance takes 15 logins in five minutes."""
    with SimulatedPeerTube(NOWHERE) as vendor, ExitStack() as stack:
        asset_id = vendor.upload(clip(tmp_path))
        for _ in range(3):
            ours = client(vendor)
            stack.callback(ours.close)
            ours.asset(asset_id)

        assert logins(vendor) == [200]


def test_an_object_that_asks_for_nothing_does_not_log_in() -> None:
    """As one that is made only to be looked at, and closed."""
    with SimulatedPeerTube(NOWHERE) as vendor:
        client(vendor).close()

        assert vendor.journal.entries() == []


def test_a_token_that_ran_out_is_exchanged_once(tmp_path: Path) -> None:
    """By the refresh token; the request is made again, and its answer is what counts."""
    with instance() as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        ours.asset(asset_id)
        vendor.end_access()

        assert ours.asset(asset_id).id == asset_id
        assert ours.asset(asset_id).id == asset_id
        assert logins(vendor) == [200, 200]


def test_after_a_long_silence_the_password_is_used_again(tmp_path: Path) -> None:
    """A refresh token lives two weeks."""
    with instance() as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        ours.asset(asset_id)
        vendor.end_sessions()

        assert ours.asset(asset_id).id == asset_id
        assert logins(vendor) == [200, 400, 200]


def test_many_threads_exchange_one_token_once(tmp_path: Path) -> None:
    """The refresh token works once: who comes second takes what the first one got."""
    with SimulatedPeerTube(NOWHERE) as vendor, ExitStack() as stack, ThreadPoolExecutor(4) as threads:
        asset_id = vendor.upload(clip(tmp_path))
        objects = [client(vendor) for _ in range(4)]
        for ours in objects:
            stack.callback(ours.close)
            ours.asset(asset_id)
        vendor.end_access()
        found = list(threads.map(lambda ours: ours.asset(asset_id).id, objects))

        assert found == [asset_id] * 4
        assert logins(vendor) == [200, 200]


def test_what_stays_refused_is_told_and_not_tried_for_ever(tmp_path: Path) -> None:
    """One more request with another token, and that is all."""
    with instance() as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        vendor.faults.plan(InjectedFault(status=401), count=9, path="/videos/")
        with pytest.raises(
            CredentialsRefused, match=r"PEERTUBE__MAIN__USERNAME and PEERTUBE__MAIN__PASSWORD"
        ):
            ours.asset(asset_id)

        assert len(vendor.journal.entries("fault")) == 2


def test_a_request_that_may_not_be_made_costs_no_login(tmp_path: Path) -> None:
    """With 403 the token is good, and another one would be refused as well."""
    with instance() as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        vendor.faults.plan(InjectedFault(status=403), path="/videos/")
        with pytest.raises(CredentialsRefused):
            ours.asset(asset_id)

        assert logins(vendor) == [200]


def test_a_second_factor_is_named(tmp_path: Path) -> None:
    """No setting could hold a code that changes twice a minute."""
    with instance() as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        vendor.has_second_factor = True
        with pytest.raises(CredentialsRefused, match=r"a second factor.*name a user without one"):
            ours.asset(asset_id)


def test_too_many_logins_are_no_wrong_password(tmp_path: Path) -> None:
    """They are tried again when the instance says so."""
    with instance() as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        vendor.faults.plan(InjectedFault(status=429, retry_after="120"), path=TOKEN_PATH)
        with pytest.raises(RateLimited) as caught:
            ours.asset(asset_id)

    assert caught.value.retry_after_s == 120


@pytest.mark.parametrize(
    "answer", [Answer(404, json={}), Answer(json={"client_id": "x"}), Answer(200, raw=b"<html>")]
)
def test_another_site_is_no_lost_video(answer: Answer) -> None:
    """What lies at the address is no PeerTube: the message names the variable, and no asset is given up."""
    with serving(answer) as server:
        grant = PasswordGrant(server.url, "user", PASSWORD, PREFIX)
        with pytest.raises(PlatformUnavailable, match="PEERTUBE__MAIN__API_URL"):
            grant.credentials()


def test_another_name_of_the_instance_is_told_from_a_wrong_password() -> None:
    """PeerTube gives its client's name only to who asks at the host that it calls itself."""
    said = {"title": "Forbidden", "detail": "Getting client tokens for host peertube:9000 is forbidden"}
    with serving(Answer(403, json=said)) as server:
        grant = PasswordGrant(server.url, "user", PASSWORD, PREFIX)
        with pytest.raises(CredentialsRefused, match=r"for host peertube:9000.*PEERTUBE__MAIN__API_URL"):
            grant.credentials()

    assert server.asked == [f"GET {CLIENT_PATH}"]


def test_no_secret_is_in_a_message() -> None:
    """Not even where the instance says it back."""
    said = {"detail": f"no user with {PASSWORD}"}
    answers = Answer(json={"client_id": "a", "client_secret": "b"}), Answer(400, json=said)
    with serving(*answers) as server, pytest.raises(CredentialsRefused) as caught:
        PasswordGrant(server.url, "user", PASSWORD, PREFIX).credentials()

    assert "no user with ..." in str(caught.value)
    assert PASSWORD not in str(caught.value)
