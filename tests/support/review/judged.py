"""What a judge said of an asset's frames, put into its rows, for what shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, update

from worker.database import transaction
from worker.database.models import StoredCandidate, Thumbnail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

MODEL = "some-vl-8b"
SAME_S = 1e-6  #: moments are fractions of a length
#: Markup, colours of a terminal, a line turned around, and far too long.
HOSTILE = '<img src=x onerror="alert(1)">\x1b[31m\n\u202egnp.exe ' + "very long " * 20


def said(subject: str = "a cyclist waits", **changes: Any) -> dict[str, Any]:
    """Return what a judge that leads says of a picture that it puts first of three."""
    known = {"model": MODEL, "say": "lead", "subject": subject, "faults": [], "place": 1, "pictures": 3}
    return known | changes


def judge(engine: Engine, asset_id: int, by_moment: Mapping[float, dict[str, Any] | None]) -> None:
    """Let a judge have said this, or nothing, of the frames and the picks at these moments."""
    with transaction(engine) as session:
        for time_s, by_judge in by_moment.items():
            for table in (StoredCandidate, Thumbnail):
                here = (table.asset_id == asset_id, func.abs(table.time_s - time_s) < SAME_S)
                session.execute(update(table).where(*here).values(by_judge=by_judge))
