"""What is stored of an earlier run, read for the next one: all of it, or nothing.

Rows of an earlier run may have been written by another version of this program, or by whoever else writes to
the database. What cannot be read, or was measured in another way, counts as not remembered: then the whole
video is looked at, and no attempt fails.
"""

from __future__ import annotations

import hashlib
import logging
import math
from typing import TYPE_CHECKING, Any

from worker.pipeline.earlier_picks import EarlierPick
from worker.pipeline.earlier_run import Memory, decode_embedding
from worker.pipeline.frames import JUDGED, Box, Candidate, Cues, Face, SeenCandidate
from worker.pipeline.jpeg import decode_jpeg
from worker.pipeline.judging.verdict import Say
from worker.pipeline.selection.shortlist import ALIKE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from worker.database.models import StoredCandidate
    from worker.pipeline.frames import Rgb
    from worker.timeline import Timeline

log = logging.getLogger(__name__)

# To be raised with every change of how cues are measured: their values are compared with those of new frames.
# That there is one more or less, or another name, shows by itself.
VERSION = 1
MEASURED_BY = f"{VERSION} {hashlib.sha256(' '.join(Cues._fields).encode()).hexdigest()[:8]}"
"""Stored with each candidate: what measured it."""


class UnreadableRow(ValueError):
    """A row of an earlier run cannot be used; the message says why."""


def memory_of(
    rows: Iterable[StoredCandidate], timeline: Timeline, sight: str, dimensions: int | None = None
) -> Memory | None:
    """Read what the next run can use of an earlier one; None where its rows do not tell enough.

    Args:
        rows: every candidate of one run.
        timeline: what was done to the video since.
        sight: of the model that judges now; what was seen by another one says nothing to it.
        dimensions: of its embeddings; None: as many as the first one has.
    """
    try:
        seen = [_seen(row, sight) for row in rows]
        lengths = {len(one.embedding) for one in seen if one.embedding is not None}
        if lengths - {dimensions or next(iter(lengths), None)}:
            raise UnreadableRow("its embeddings have other dimensions")
    except ValueError as exc:
        log.info("what an earlier run saw is not used: %s", exc)
        return None
    return Memory(timeline, seen) if seen else None


def earlier_picks_of(
    rows: Sequence[StoredCandidate],
    timeline: Timeline | None,
    model: str,
    head_id: int | None = None,
    *,
    leads: bool = False,
) -> tuple[EarlierPick, ...]:
    """Read what an earlier run picked; a pick that cannot be read is left out.

    Args:
        rows: its picks, best first.
        timeline: what was done to the video since; None where that is not known.
        model: which judges now, by its name. Who changes it wants its judgement, so picks of another one are
            left out; those of another version of it stay, for viewers know them and pictures are compared.
        head_id: of the learned head in use, if any; who ships one, or takes it back, wants another judgement,
            too. A run that a judge led is booked for no head, and whichever is in use says nothing of it.
        leads: whether a judge leads now. Who takes its lead away wants another judgement as well.
    """
    was_led = any(map(_was_led, rows))
    if was_led and not leads:
        return ()
    picks = []
    for row in rows:
        if row.model is None or row.model.rsplit(" #", 1)[0] != model:
            continue
        if not was_led and row.head_id != head_id:
            continue
        try:
            picture, time_s = _picture(row.jpeg), _number(row.time_s)
        except UnreadableRow as exc:
            log.info("an earlier pick is not used: %s", exc)
            continue
        picks.append(EarlierPick(picture, None if timeline is None else tuple(timeline.places_of(time_s))))
    return tuple(picks)


def _was_led(row: StoredCandidate) -> bool:
    """Tell whether a judge's order gave this pick its score."""
    said = row.by_judge if isinstance(row.by_judge, dict) else {}
    return said.get("say") == Say.LEAD and JUDGED in row.parts


def _seen(row: StoredCandidate, sight: str) -> SeenCandidate:
    """Read one candidate back; what was seen in it by another model, or without its taste, is left out."""
    if row.measured_by != MEASURED_BY:
        raise UnreadableRow(f"it was measured by version {row.measured_by}, and this one is {MEASURED_BY}")
    is_comparable = row.model == sight and row.taste is not None
    return SeenCandidate(
        Candidate(
            time_s=_number(row.time_s),
            shot=row.shot,
            rgb=_picture(row.jpeg),
            cues=_cues(row.cues),
            active=None if row.active is None else _four(row.active),
        ),
        embedding=decode_embedding(row.embedding) if row.embedding and is_comparable else None,
        faces=None if row.faces is None else tuple(_face(stored) for stored in _list(row.faces)),
        # Kept by the comparison with its neighbours; left out by it; or left out before it came to that.
        was_kept=True if row.score is not None else False if row.lost_because == ALIKE else None,
        taste=_number(row.taste or 0.0),
    )


def _cues(stored: Any) -> Cues:
    if not isinstance(stored, dict) or stored.keys() != set(Cues._fields):
        raise UnreadableRow("its cues have other names")
    return Cues(**{name: _number(stored[name]) for name in Cues._fields})


def _face(stored: Any) -> Face:
    *box, confidence = _list(stored) or [None]
    left, top, right, bottom = (int(side) for side in _four(box))
    return Face(Box(left, top, right, bottom), _number(confidence))


def _four(stored: Any) -> tuple[float, float, float, float]:
    numbers = [_number(value) for value in _list(stored)]
    if len(numbers) != 4:  # noqa: PLR2004 - left, top, right, bottom
        raise UnreadableRow(f"{len(numbers)} numbers are no box")
    left, top, right, bottom = numbers
    return left, top, right, bottom


def _list(stored: Any) -> list[Any]:
    if not isinstance(stored, list):
        raise UnreadableRow(f"{type(stored).__name__} is no list")
    return stored


def _number(stored: Any) -> float:
    is_number = isinstance(stored, int | float) and not isinstance(stored, bool)
    try:
        number = float(stored) if is_number else math.nan
    except OverflowError:
        number = math.nan
    if not math.isfinite(number):
        raise UnreadableRow(f"{type(stored).__name__} is no finite number")
    return number


def _picture(jpeg: bytes | None) -> Rgb:
    if jpeg is None:
        raise UnreadableRow("its picture is in the bucket")
    try:
        return decode_jpeg(jpeg)
    except Exception as exc:  # damaged bytes fail in whatever way they suggest
        raise UnreadableRow(f"its picture cannot be read ({type(exc).__name__})") from exc
