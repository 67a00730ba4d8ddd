"""Streams whose pictures after a seek depend on what stood at the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.media import clips, stamped
from tests.support.media.clips import Format
from tests.support.media.odd_files.kind import OddFile, Truth

if TYPE_CHECKING:
    from pathlib import Path

_FRAMES = 200
_GOP = 50


def _params(more: str) -> dict[str, str]:
    return {"x264-params": f"keyint={_GOP}:min-keyint={_GOP}:scenecut=0{more}"}


def open_gop(path: Path) -> None:
    """Write pictures that refer across keyframes."""
    clips.write(path, stamped.film(_FRAMES), Format(options={**_params(":open-gop=1:bframes=3")}))


def hevc_open_gop(path: Path) -> None:
    """Write the same in HEVC."""
    params = f"log-level=none:open-gop=1:bframes=3:keyint={_GOP}:min-keyint={_GOP}:scenecut=0"
    clips.write(path, stamped.film(_FRAMES), Format(codec="libx265", options={"x265-params": params}))


def intra_refresh(path: Path) -> None:
    """Write pictures that become whole by a column that wanders, without keyframes after the first."""
    clips.write(path, stamped.film(_FRAMES), Format(options=_params(":intra-refresh=1:bframes=0")))


def one_keyframe(path: Path) -> None:
    """Write a single keyframe, and only differences after it."""
    clips.write(path, stamped.film(_FRAMES), Format(options={"x264-params": "keyint=infinite:scenecut=0"}))


_LONG = Truth(frames=_FRAMES)

KINDS = (
    OddFile("open GOP, mp4", "state from the start", ".mp4", open_gop, _LONG),
    OddFile("open GOP, ts", "state from the start", ".ts", open_gop, _LONG),
    OddFile("open GOP, HEVC", "state from the start", ".mp4", hevc_open_gop, _LONG),
    OddFile("intra refresh, mp4", "state from the start", ".mp4", intra_refresh, _LONG),
    OddFile("intra refresh, ts", "state from the start", ".ts", intra_refresh, _LONG),
    OddFile("one keyframe", "state from the start", ".mp4", one_keyframe, _LONG),
)
