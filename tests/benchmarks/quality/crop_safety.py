"""What cuts do to faces: ours, and a cut around the middle of the same still.

The faces are those that the product's own detector finds on the whole still: whom it misses, nobody counts.
Of a head that is wider than the cut, as in a close-up that is cut upright, only the face has to be whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.pipeline.crop.scene import head_box, main_faces
from worker.pipeline.frames import Box

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from worker.pipeline.frames import Face, Pick

ASPECTS = ("16:9", "9:16", "1:1")
WHOLE_SHARE = 0.98  #: of a head; rounding may cost the rest


@dataclass(frozen=True, slots=True)
class Safety:
    """What became of the faces of one still in one cut."""

    aspect: str
    kept: float  #: share of the area of all faces
    kept_in_middle: float  #: likewise, by a cut around the middle
    has_cut_head: bool  #: a head that matters is neither whole nor out
    has_cut_head_in_middle: bool


def measured(pick: Pick) -> Iterator[Safety]:
    """Measure the cuts of a pick with faces that leave something out."""
    still = Box(0, 0, pick.still_width_px, pick.still_height_px)
    faces = [face.box for face in pick.faces]
    main = main_faces(pick.faces, still.width, still.height)
    for crop in pick.crops:
        if crop.aspect in ASPECTS and faces and crop.box != still:
            middle = _middle(still, crop.box)
            heads = [_whole(face, still, crop.box) for face in main]
            yield Safety(
                crop.aspect,
                _kept(faces, crop.box),
                _kept(faces, middle),
                _cuts(heads, crop.box),
                _cuts(heads, middle),
            )


def _middle(still: Box, cut: Box) -> Box:
    left, top = (still.width - cut.width) // 2, (still.height - cut.height) // 2
    return Box(left, top, left + cut.width, top + cut.height)


def _whole(face: Face, still: Box, cut: Box) -> Box:
    """What should not be cut: the head, or the face where a head is too large for the cut."""
    head = head_box(face, still.width, still.height)
    return head if head.width <= cut.width and head.height <= cut.height else face.box


def _kept(boxes: Sequence[Box], cut: Box) -> float:
    return sum(_inside(box, cut) for box in boxes) / sum(box.width * box.height for box in boxes)


def _cuts(heads: Sequence[Box], cut: Box) -> bool:
    shares = [_inside(head, cut) / (head.width * head.height) for head in heads]
    return any(1 - WHOLE_SHARE < share < WHOLE_SHARE for share in shares)


def _inside(box: Box, cut: Box) -> int:
    width = min(box.right, cut.right) - max(box.left, cut.left)
    height = min(box.bottom, cut.bottom) - max(box.top, cut.top)
    return max(0, width) * max(0, height)
