"""Chooses which files of a video to read: a small one to judge frames on, a good one for the pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from worker.platforms.base import Source
from worker.platforms.shared import json_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.platforms.base import Rendition

# Of the shorter side. Below, blur and faces are hard to tell; above, files only take longer to come.
MIN_USEFUL_PX = 360
MAX_USEFUL_PX = 1080


class File(NamedTuple):
    """A file that could be read."""

    url: str
    short_side_px: float | None  #: None where the platform does not tell


def short_side_px(of: Mapping[str, Any], width: str = "width", height: str = "height") -> float | None:
    """Read the shorter side of a picture, so that tall videos count like wide ones.

    Args:
        of: the platform's object, in which both sides may be missing.
        width: what the width is called there.
        height: what the height is called there.

    Returns:
        Pixels; None where neither side is known.
    """
    sides = (json_fields.finite_number(of.get(name)) for name in (width, height))
    return min((side for side in sides if side), default=None)


def video_tracks(of: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the tracks with a picture, where a platform lists all under `tracks`."""
    return [track for track in json_fields.parts(of, "tracks") if track.get("type") == "video"]


def first_track_px(of: Mapping[str, Any], width: str = "width", height: str = "height") -> float | None:
    """Read the shorter side of the first video track, as `short_side_px` does."""
    return short_side_px(next(iter(video_tracks(of)), {}), width, height)


def choose_source(files: Sequence[File], hls: Rendition, video_px: float | None) -> Source:
    """Choose the smallest and the largest useful file; without any, HLS, whose variants are chosen later.

    Args:
        files: all that are ready.
        hls: the playlist; files take the same headers and hosts.
        video_px: the shorter side of the video itself; of a small one, a small file is all there is.
    """
    enough_px = min(MIN_USEFUL_PX, video_px or MIN_USEFUL_PX)
    useful = sorted((px, url) for url, px in files if px and enough_px <= px <= MAX_USEFUL_PX)
    # Both uses name the playlist: each chooses the variant that is good enough for it.
    if not useful:
        return Source(scan=hls, stills=hls)
    (_, small), (_, good) = useful[0], useful[-1]
    stills = replace(hls, url=good, is_hls=False) if good != small else None
    return Source(scan=replace(hls, url=small, is_hls=False), stills=stills)
