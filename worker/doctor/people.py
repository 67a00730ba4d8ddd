"""Check who can come to the pages: what signs their cookies, and people who may do nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from worker.doctor.finding import Finding, State
from worker.doctor.servers import ask_database
from worker.people import directory
from worker.settings.types import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from worker.settings import Settings

MAX_TOLD = 3  # people; with more, it is only said that there are more


def check_people(settings: Settings) -> Iterator[Finding]:
    """Look at the pages' secret, where others than this machine open them, and for people without a role."""
    if not is_loopback(urlsplit(settings.review_url).hostname):
        yield from _secret(settings)
    yield from ask_database(settings, "people", _without_role)


def _secret(settings: Settings) -> Iterator[Finding]:
    if settings.review_secret is None:
        says = f"REVIEW_SECRET is not set here, and {settings.review_url} needs it: nobody could sign in"
        remedy = "make one with `openssl rand -hex 32`, and give it to `thumbs review`"
        yield Finding("pages", State.WARNING, says, remedy)


def _without_role(session: Session) -> Iterator[Finding]:
    emails = directory.without_role(session, MAX_TOLD + 1)
    if not emails:
        return
    names = ", ".join([*emails[:MAX_TOLD], *(["others"] if len(emails) > MAX_TOLD else [])])
    remedy = "`thumbs people give EMAIL` gives them one, `thumbs people remove EMAIL` forgets them"
    yield Finding("people", State.WARNING, f"have no role, and see nothing: {names}", remedy)
