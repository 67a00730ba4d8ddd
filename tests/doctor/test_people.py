"""`thumbs doctor` says when the pages could not be signed into, and who may do nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.review import signed_in
from tests.support.service import builders
from worker.database import transaction
from worker.doctor.people import check_people
from worker.people import people

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.doctor.finding import Finding

ELSEWHERE = "https://thumbs.example.com"


def findings(engine: Engine, **values: str) -> list[Finding]:
    """Look at the pages and the people."""
    address = engine.url.render_as_string(hide_password=False)
    return list(check_people(builders.make_settings(database_url=address, **values)))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:9000", "http://[::1]:8080"])
def test_nothing_is_said_of_pages_that_only_this_machine_opens(engine: Engine, url: str) -> None:
    """`thumbs up` makes a secret of its own there."""
    assert findings(engine, review_url=url) == []


def test_a_secret_that_is_missing_is_told(engine: Engine) -> None:
    """With how to make one; settings refuse one that could be guessed."""
    (missing,) = findings(engine, review_url=ELSEWHERE)

    assert (missing.what, missing.state) == ("pages", "warning")
    assert "REVIEW_SECRET is not set" in missing.says
    assert "openssl rand" in missing.remedy
    assert findings(engine, review_url=ELSEWHERE, review_secret="s3cret" * 6) == []


def test_people_who_may_do_nothing_are_named(engine: Engine) -> None:
    """A few of them; those who have a role or are disabled are not."""
    signed_in.person(engine, "with-role@example.com")
    for number in range(5):
        with transaction(engine) as session:
            people.find_or_create(session, f"p{number}@example.com")

    (found,) = findings(engine)

    assert (found.what, found.state) == ("people", "warning")
    assert found.says.endswith(": p0@example.com, p1@example.com, p2@example.com, others")
    assert "thumbs people give" in found.remedy
