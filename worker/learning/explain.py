"""Show what a head likes: the stored frames that it gives most to, and least, as a page or as ids."""

from __future__ import annotations

import base64
import heapq
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import select

from worker.database import transaction
from worker.database.models import Asset, StoredCandidate
from worker.learning import heads
from worker.storage.pictures import FramePlace
from worker.text import clock, printable

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Engine

    from worker.database.learning import Head
    from worker.learning.training.data import Stored
    from worker.learning.training.examples import Vectors
    from worker.storage.pictures import Pictures

NEAREST = 12  #: frames of each kind, at most one of a video

_ENVIRONMENT = Environment(
    loader=PackageLoader("worker.learning"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {"clock": clock, "printable": printable}


class Near(NamedTuple):
    """A stored frame, and what a head gives it."""

    points: float  #: before they are cut to -1 to 1
    id: int  #: of the candidate


class Nearest(NamedTuple):
    """What a head likes best and least."""

    liked: list[Near]  #: best first
    disliked: list[Near]  #: worst first


class ShownFrame(NamedTuple):
    """A frame as the page shows it."""

    points: float
    time_s: float
    name: str  #: of its video
    address: str  #: of the picture: a `data:` address, which needs no file


def nearest(source: Stored, direction: Vectors) -> Nearest:
    """Find the stored frames that a (d,) direction gives most and least to, each of another video."""
    best: list[Near] = []
    worst: list[Near] = []
    for rows, frames in source.videos():
        embeddings = frames.embeddings.astype(np.float64)
        points = (embeddings - embeddings.mean(axis=0)) @ direction
        best.append(Near(float(points.max()), rows[int(points.argmax())].id))
        worst.append(Near(float(points.min()), rows[int(points.argmin())].id))
    return Nearest(heapq.nlargest(NEAREST, best), heapq.nsmallest(NEAREST, worst))


def render(engine: Engine, pictures: Pictures, head: Head, found: Nearest) -> str:
    """Write one page with the pictures in it; nothing else is loaded, and no script runs."""
    shown = {side: _shown(engine, pictures, frames) for side, frames in found._asdict().items()}
    return _ENVIRONMENT.get_template("explain.html").render(
        head=head, scope=heads.scope_of(head), report=head.report or {}, **shown
    )


def document(found: Nearest) -> dict[str, Any]:
    """Build the same as ids of candidates, for a program."""
    return {
        side: [{"candidate_id": frame.id, "points": frame.points} for frame in frames]
        for side, frames in found._asdict().items()
    }


def _shown(engine: Engine, pictures: Pictures, frames: list[Near]) -> list[ShownFrame]:
    """Read the pictures; a frame that a newer run has replaced meanwhile is left out.

    Raises:
        BucketUnavailable, PictureLost
    """
    columns = (
        StoredCandidate.id,
        StoredCandidate.time_s,
        StoredCandidate.jpeg,
        StoredCandidate.bundle,
        StoredCandidate.bundle_offset,
        StoredCandidate.bundle_length,
        Asset.title,
        Asset.external_id,
    )
    wanted = select(*columns).join(Asset, Asset.id == StoredCandidate.asset_id)
    with transaction(engine) as session:
        rows = session.execute(wanted.where(StoredCandidate.id.in_([frame.id for frame in frames]))).all()
    by_id = {row.id: row for row in rows}
    return [
        ShownFrame(
            frame.points,
            row.time_s,
            row.title or row.external_id,
            _address(pictures.frame(FramePlace(*row[2:6]))),
        )
        for frame in frames
        if (row := by_id.get(frame.id)) is not None
    ]


def _address(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
