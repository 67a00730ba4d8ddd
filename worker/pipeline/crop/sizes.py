"""What people should know of the sizes of crops: which are small, or show a small part of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from worker.pipeline.frames import Active, Crop, Pick
    from worker.pipeline.media import Video

MIN_WIDTH_PX = 320  #: lists of videos show thumbnails at least so wide; a smaller crop looks soft there
SMALL_PART = 0.3  #: of a video's pixels; 9:16 out of 16:9 holds 0.32, and is no surprise


class _Cut(NamedTuple):
    """A crop, and the pictures that it was made of."""

    crop: Crop
    picture: tuple[int, int]  #: width and height in pixels, bars included
    still: tuple[int, int]  #: what bars leave of it

    @property
    def part(self) -> float:
        """The share of the picture's pixels that the crop shows."""
        return self.crop.box.width * self.crop.box.height / (self.picture[0] * self.picture[1])


def size_notes(picks: Sequence[Pick], actives: Sequence[Active | None], video: Video) -> Iterator[str]:
    """Yield a sentence for people where crops are small, and one where they show a small part of the picture.

    Each ratio is named once, with its smallest crop.

    Args:
        picks: with their crops.
        actives: where the picture of each pick is, if it has bars.
        video: the file that their stills come from.
    """
    cuts = [cut for pick, active in zip(picks, actives, strict=True) for cut in _cuts(pick, active, video)]
    narrow = _smallest(cut for cut in cuts if cut.crop.width_px < MIN_WIDTH_PX)
    if narrow:
        sizes = _joined(dict.fromkeys(str(cut.crop.width_px) for cut in narrow))
        yield f"{_crops_are(narrow)} only {sizes} px wide{_reason(narrow[0])}"
    partial = _smallest(cut for cut in cuts if cut.crop.width_px >= MIN_WIDTH_PX and cut.part < SMALL_PART)
    if partial:
        sizes = _joined(f"{cut.crop.box.width}x{cut.crop.box.height}" for cut in partial)
        yield f"{_crops_are(partial)} made of only {sizes} px{_reason(partial[0])}"


def _cuts(pick: Pick, active: Active | None, video: Video) -> Iterator[_Cut]:
    still = pick.still_width_px, pick.still_height_px
    # Without bars, a still of another size is of a part of the video that has that size.
    picture = still if active is None else (video.width_px, video.height_px)
    for crop in pick.crops:
        yield _Cut(crop, picture, still)


def _smallest(cuts: Iterable[_Cut]) -> list[_Cut]:
    """Keep the smallest crop of each ratio, in the order of the ratios."""
    kept: dict[str, _Cut] = {}
    for cut in cuts:
        before = kept.setdefault(cut.crop.aspect, cut)
        if cut.part < before.part:
            kept[cut.crop.aspect] = cut
    return list(kept.values())


def _crops_are(cuts: Sequence[_Cut]) -> str:
    names = _joined(cut.crop.aspect for cut in cuts)
    return f"the crop to {names} is" if len(cuts) == 1 else f"the crops to {names} are"


def _reason(cut: _Cut) -> str:
    bars = "" if cut.still == cut.picture else f", of which bars leave {_size(*cut.still)}"
    return f": the video is {_size(*cut.picture)}{bars}"


def _size(width_px: int, height_px: int) -> str:
    return f"{width_px}x{height_px} px"


def _joined(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
