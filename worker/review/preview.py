"""One frame, large, with what each ratio would cut out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import load_only

from worker.admin.candidates import numbered_candidates
from worker.admin.judge.said import tied_places
from worker.aspects import SOURCE, parse_aspect
from worker.choices import is_newest_pick
from worker.database.models import Thumbnail
from worker.review.filmstrip import describe, scores_by_rank
from worker.storage.pictures import FramePlace, frame_size_px

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from worker.database.models import Asset
    from worker.review.filmstrip import Frame

USUAL_SIZE_PX = (320, 180)  #: of a frame, where its own size is not known
_WHOLE = 0.999  # a box of this share of the picture hides nothing


class CropBox(NamedTuple):
    """What a ratio shows of a frame, in pixels of the frame; right and bottom are exclusive."""

    aspect: str
    left: float
    top: float
    width: float
    height: float


class Preview(NamedTuple):
    """A frame that somebody looks at."""

    frame: Frame
    width_px: int
    height_px: int
    boxes: list[CropBox]  #: those that cut something off
    is_exact: bool  #: False where the boxes are only about right, as no still of it was cut yet


def read_preview(session: Session, asset: Asset, candidate_id: int) -> Preview | None:
    """Read a frame of the newest run; None where there is none of this id, or a newer run replaced it."""
    numbered = {one.candidate.id: one for one in numbered_candidates(session, asset)}
    found = numbered.get(candidate_id)
    if found is None:
        return None
    light = load_only(Thumbnail.rank, Thumbnail.aspect, Thumbnail.time_s, Thumbnail.score, Thumbnail.box)
    rows = select(Thumbnail).where(*is_newest_pick(asset)).order_by(Thumbnail.rank, Thumbnail.id)
    picks = list(session.scalars(rows.options(light)))
    size_px = frame_size_px(FramePlace.of(found.candidate)) or USUAL_SIZE_PX
    frame = describe(found, scores_by_rank(picks), tied_places(numbered.values()))
    crops = [pick for pick in picks if pick.rank == found.number]
    boxes = (
        _cut_boxes(crops, size_px) if crops else _likely_boxes(picks, size_px, found.candidate.faces or [])
    )
    cutting = [box for box in boxes if box.width * box.height < _WHOLE * size_px[0] * size_px[1]]
    return Preview(frame, *size_px, cutting, is_exact=bool(crops))


def _cut_boxes(crops: Iterable[Thumbnail], size_px: tuple[int, int]) -> list[CropBox]:
    """Bring the boxes of a pick from pixels of its still to those of the small frame.

    How large the still was is not stored; but a crop reaches from edge to edge in one direction.
    """
    boxes = [(crop.aspect, *crop.box) for crop in crops if crop.aspect != SOURCE]
    if not boxes:
        return []
    rights, bottoms = [box[3] for box in boxes], [box[4] for box in boxes]
    scale = min(size_px[0] / max(rights), size_px[1] / max(bottoms))
    return [
        CropBox(aspect, left * scale, top * scale, (right - left) * scale, (bottom - top) * scale)
        for aspect, left, top, right, bottom in boxes
    ]


def _likely_boxes(
    picks: Sequence[Thumbnail], size_px: tuple[int, int], faces: Sequence[Sequence[float]]
) -> list[CropBox]:
    """Guess what would be cut out: the largest box of each ratio, around the faces where there are any."""
    aspects = dict.fromkeys(pick.aspect for pick in picks if pick.aspect != SOURCE)
    return [_largest(aspect, size_px, _middle(faces, size_px)) for aspect in aspects]


def _middle(faces: Sequence[Sequence[float]], size_px: tuple[int, int]) -> tuple[float, float]:
    if not faces:
        return size_px[0] / 2, size_px[1] / 2
    lefts, tops, rights, bottoms, *_ = zip(*faces, strict=True)
    return (min(lefts) + max(rights)) / 2, (min(tops) + max(bottoms)) / 2


def _largest(aspect: str, size_px: tuple[int, int], middle: tuple[float, float]) -> CropBox:
    ratio = float(parse_aspect(aspect) or 1)
    width = min(size_px[0], size_px[1] * ratio)
    height = width / ratio
    left = min(max(middle[0] - width / 2, 0), size_px[0] - width)
    top = min(max(middle[1] - height / 2, 0), size_px[1] - height)
    return CropBox(aspect, left, top, width, height)
