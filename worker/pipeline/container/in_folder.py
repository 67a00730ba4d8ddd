"""Tells the videos in a folder from the other files there, before anything is opened for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.pipeline.container import identify

if TYPE_CHECKING:
    from pathlib import Path

# What is called so in a folder is taken to be a video, and a failure where it is none. Not .ts, which
# programs in TypeScript are called as well: it is told by its first bytes, as what has any other name.
VIDEO_ENDINGS = frozenset(
    {
        *(".3g2", ".3gp", ".asf", ".avi", ".divx", ".f4v", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
        *(".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".qt", ".rm", ".rmvb", ".vob", ".webm", ".wmv"),
    }
)
# Sound and pictures whose first bytes are those of videos.
_NO_VIDEO_ENDINGS = frozenset({".gif", ".m4a", ".m4b", ".mka", ".oga", ".ogg", ".opus", ".spx", ".wma"})


def is_video(path: Path) -> bool:
    """Tell a video in a folder by its ending, or else by its first bytes."""
    ending = path.suffix.lower()
    try:
        if not path.is_file():
            return path.is_symlink() and ending in VIDEO_ENDINGS  # a broken link to a video is a failure
        return ending in VIDEO_ENDINGS or (
            ending not in _NO_VIDEO_ENDINGS and identify.begins_as_video(path, identify.read_head(path))
        )
    except OSError:
        return ending in VIDEO_ENDINGS
