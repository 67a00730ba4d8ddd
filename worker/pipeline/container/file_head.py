"""Looks at a path and its first bytes before anything opens it: what is surely no video is refused at once.

No library of video is loaded here, so that paths can be checked while nothing else is ready.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from worker.errors import UnreadableVideo
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

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def checked_head(path: Path) -> bytes:
    """Read the first bytes of what may be a video.

    Raises:
        UnreadableVideo: nothing is there, or no video: a folder, a device, nothing to read, a picture.
    """
    try:
        _check_place(path)
        head = identify.read_head(path)
    except PermissionError as exc:
        raise UnreadableVideo(f"{path.name}: this user may not read it; allow that, or copy it") from exc
    except OSError as exc:
        if exc.errno == errno.ENAMETOOLONG:
            raise UnreadableVideo(f"{path.name}: {_missing(path)}") from exc
        raise UnreadableVideo(f"{path.name}: cannot be read from its disk; copy it again") from exc
    if not head:
        raise UnreadableVideo(f"{path.name}: the file is empty, 0 bytes (copy or download it again)")
    if sentence := identify.still_picture(head) or identify.surely_no_video(path, head):
        raise UnreadableVideo(f"{path.name}: {sentence}")
    return head


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


def _check_place(path: Path) -> None:
    if not path.exists():
        raise UnreadableVideo(f"{path.name}: {_missing(path)}")
    if path.is_dir():
        raise UnreadableVideo(
            f"{path.name}: a folder, not a video; name the videos in it, e.g. {path.name}/*.mp4"
        )
    if not path.is_file():
        raise UnreadableVideo(f"{path.name}: a device or a pipe, not a video; name a video file")


def _missing(path: Path) -> str:
    # A path keeps one of two slashes of an address.
    if _SCHEME.fullmatch(path.parts[0] if path.parts else ""):
        return "an address, not a file; download the video and name the file"
    return "no such file (check the path)"
