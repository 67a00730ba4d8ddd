"""Whether a write arrived is told as it happens, and asked for only until there is no more to tell."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from tests.support.review.looked_at import looked_at
from tests.support.review.signed_in import signed_in
from tests.support.service import builders, chosen_asset
from worker.accounts import pause
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.accounts import Account
from worker.database.models import Job

if TYPE_CHECKING:
    from sqlalchemy import Engine

STOP = 286  #: htmx asks no more


def test_a_page_asks_until_the_write_has_arrived(engine: Engine) -> None:
    """Nothing is sent while there is nothing new, so a screen reader does not repeat itself."""
    looked_at(engine)
    client = signed_in(engine)
    page = client.get("/a/1").text
    (address,) = re.findall(r'hx-get="(/a/1/status[^"]*)"', page)
    (known,) = re.findall(r'name="known" value="(\w+)"', page)

    nothing_new = client.get(f"{address.replace('&amp;', '&')}&known={known}")
    chosen_asset.publish(engine)
    arrived = client.get(f"{address.replace('&amp;', '&')}&known={known}")

    assert nothing_new.status_code == 204
    assert arrived.status_code == STOP
    assert "Arrived at Mux." in arrived.text
    assert "than on this page" not in arrived.text
    assert "every 2s" in page
    assert "every 2s" not in client.get("/a/1").text


def test_a_page_learns_that_somebody_decided(engine: Engine) -> None:
    """It offers a link; nothing is exchanged under the eyes of whoever looks."""
    looked_at(engine)
    chosen_asset.publish(engine)
    client = signed_in(engine)

    same = client.get("/a/1/status?generation=1&choice=")
    chosen_asset.choose(engine, ChoiceRequest(time_s=2.0))
    other = client.get("/a/1/status?generation=1&choice=")

    assert "Somebody decided" not in same.text
    assert 'Somebody decided since this page was opened. <a href="/a/1">Show what holds now</a>' in other.text


def test_a_page_that_was_left_open_offers_the_new_pictures(engine: Engine) -> None:
    """It asks again when its window is looked at, also long after all was settled, and is told once."""
    looked_at(engine)
    chosen_asset.publish(engine)
    client = signed_in(engine)
    page = client.get("/a/1").text
    (address,) = re.findall(r'hx-get="(/a/1/status[^"]*)" hx-trigger="focus from:window', page)
    (known,) = re.findall(r'name="known" value="(\w+)"', page)

    nothing_new = client.get(f"{address.replace('&amp;', '&')}&known={known}")
    looked_at(engine, minute=1)
    newer = client.get(f"{address.replace('&amp;', '&')}&known={known}")

    assert nothing_new.headers["HX-Reswap"] == "none"
    assert nothing_new.data == b""
    assert "HX-Reswap" not in newer.headers
    assert (
        'There are newer pictures than on this page. <a href="/a/1">Show the new pictures</a>' in newer.text
    )


def test_a_page_does_not_wait_for_what_nobody_works_on(engine: Engine) -> None:
    """While the account is paused, it says who can go on, and asks no more."""
    looked_at(engine)
    with transaction(engine) as session:
        (account,) = session.query(Account)
        pause(session, account.id, "bob@host", "the quota is used up")

    status = signed_in(engine).get("/a/1/status")

    assert status.status_code == STOP
    assert "paused (the quota is used up)" in status.text
    assert "`thumbs resume mux/main`" in status.text


def test_a_look_that_waits_for_long_is_told_and_not_waited_for(engine: Engine) -> None:
    """The next try of a platform that is down may be an hour away."""
    builders.record(engine, builders.event())
    with transaction(engine) as session:
        session.execute(update(Job).values(scheduled_at=Job.scheduled_at + timedelta(minutes=10)))

    status = signed_in(engine).get("/a/1/status")

    assert status.status_code == STOP
    assert re.search(r"A look at the video is due in (9|10) min\.", status.text)


def test_a_page_does_not_wait_for_a_worker_that_does_not_come(engine: Engine) -> None:
    """It says since when, and how to ask again; a tab that was forgotten would ask for days."""
    builders.record(engine, builders.event())
    with transaction(engine) as session:
        session.execute(update(Job).values(scheduled_at=Job.scheduled_at - timedelta(days=3)))

    status = signed_in(engine).get("/a/1/status")

    assert status.status_code == STOP
    assert "A look at the video has waited for a worker for 3 d." in status.text
    assert "Ask how it stands now" in status.text


def test_a_page_does_not_wait_for_a_worker_that_went_silent(engine: Engine) -> None:
    """Another one takes the job over in less than a minute, where there is another one."""
    builders.record(engine, builders.event())
    builders.claimed(engine)
    client = signed_in(engine)
    at_work = client.get("/a/1/status")
    with transaction(engine) as session:
        session.execute(update(Job).values(lease_until=Job.scheduled_at - timedelta(minutes=2)))

    assert at_work.status_code == 200
    assert client.get("/a/1/status").status_code == STOP


def test_a_page_stops_asking_after_five_minutes(engine: Engine) -> None:
    """Whatever goes on; who still looks asks with a click."""
    builders.record(engine, builders.event())
    client = signed_in(engine)
    page = client.get("/a/1").text
    (address,) = re.findall(r'hx-get="(/a/1/status[^"]*)"', page)
    (known,) = re.findall(r'name="known" value="(\w+)"', page)
    address = address.replace("&amp;", "&") + f"&known={known}"

    later = client.get(re.sub(r"since=\d+", lambda since: f"since={int(since[0][6:]) - 301}", address))

    assert client.get(address).status_code == 204
    assert later.status_code == STOP
    assert "Ask how it stands now" in later.text
