"""Chooses which files of a video to read: a small one to judge frames on, a good one for the pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from worker.platforms.base import Source
from worker.platforms.shared import json_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.platforms.base import Rendition

# Of the shorter side. Below, blur and faces are hard to tell; above, files only take longer to come.
MIN_USEFUL_PX = 360
MAX_USEFUL_PX = 1080


class File(NamedTuple):
    """A file that could be read, and its size in pixels as the platform says it."""

    url: str
    width: Any
    height: Any


def short_side_px(width: Any, height: Any) -> float | None:
    """The shorter side, so that tall videos count like wide ones; None where neither is known."""
    return min((side for value in (width, height) if (side := json_fields.number(value))), default=None)


def choose(files: Sequence[File], hls: Rendition, video_px: float | None) -> Source:
    """The smallest and the largest useful file; without any, HLS, whose variants are chosen from later.

    Args:
        files: all that are ready.
        hls: the playlist; files take the same headers and hosts.
        video_px: the shorter side of the video itself; of a small one, a small file is all there is.
    """
    enough_px = min(MIN_USEFUL_PX, video_px or MIN_USEFUL_PX)
    sizes = [(short_side_px(file.width, file.height), file.url) for file in files]
    useful = sorted((px, url) for px, url in sizes if px and enough_px <= px <= MAX_USEFUL_PX)
    if not useful:
        return Source(scan=hls, stills=hls)
    (_, small), (_, good) = useful[0], useful[-1]
    stills = replace(hls, url=good, is_hls=False) if good != small else None
    return Source(scan=replace(hls, url=small, is_hls=False), stills=stills)
