"""How people want the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from worker.database.people import Person

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def set_single_keys(session: Session, person_id: int, *, is_on: bool) -> None:
    """Say whether a single letter is a command on the pages for a person (WCAG 2.1.4)."""
    session.execute(update(Person).where(Person.id == person_id).values(has_single_keys=is_on))
