"""Chooses which files of a video to read: a small one to judge frames on, a good one for the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from worker.platforms import payload
from worker.platforms.base import Rendition, Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Of the shorter side. Below, blur and faces are hard to tell; above, files only take longer to come.
MIN_USEFUL_PX = 360
MAX_USEFUL_PX = 1080


class File(NamedTuple):
    """A file that could be read."""

    url: str
    short_side_px: float | None  #: None where the platform does not say


def short_side_px(of: Mapping[str, Any]) -> float | None:
    """The smaller one of `width` and `height`, so that tall videos count like wide ones."""
    sides = [side for name in ("width", "height") if (side := payload.number(of.get(name)))]
    return min(sides, default=None)


def choose(files: Sequence[File], hls: Rendition) -> Source:
    """The smallest and the largest useful file; without any, HLS, whose variants are chosen from later."""
    useful = sorted(
        (file.short_side_px, file.url)
        for file in files
        if file.short_side_px and MIN_USEFUL_PX <= file.short_side_px <= MAX_USEFUL_PX
    )
    if not useful:
        return Source(scan=hls, stills=hls)
    (_, small), (_, good) = useful[0], useful[-1]
    stills = Rendition(good, hosts=hls.hosts) if good != small else None
    return Source(scan=Rendition(small, hosts=hls.hosts), stills=stills)
