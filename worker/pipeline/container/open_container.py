"""Open a local media file, and only that.

FFmpeg's demuxers can be talked into opening other files and URLs (HLS, concat, subfile), so only
self-contained formats and the `file` protocol are allowed.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import av
import av.error

from worker.errors import UnreadableVideo, VideoTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer

# Containers that hold their own media; none of them names another file.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "mpegts",
    "mpeg",
    "avi",
    "flv",
    "asf",
    "ogg",
    "mxf",
    "gif",
)


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a local media file.

    Raises:
        UnreadableVideo: missing, not a file, or not a video that FFmpeg can open.
    """
    if not path.exists():
        raise UnreadableVideo(f"{path.name}: no such file (check the path)")
    if not path.is_file():
        raise UnreadableVideo(f"{path.name}: not a file (name one video file)")
    if path.stat().st_size == 0:
        raise UnreadableVideo(f"{path.name}: the file is empty, 0 bytes (copy or download it again)")
    # "file:" before the path, or a name as "concat:a|b" or "http://..." would choose another protocol.
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(FORMATS)}
    try:
        container = av.open(f"file:{path.absolute()}", options=options, metadata_errors="ignore")
    except av.error.MemoryError as exc:
        raise VideoTooLarge(f"{path.name}: needs more memory to open than a decoder may use") from exc
    except (av.error.FFmpegError, ValueError) as exc:
        raise UnreadableVideo(
            f"{path.name}: not a video, or cut short or damaged ({_reason(exc)}); "
            "check that it plays, and remux other containers to MP4 or MKV"
        ) from exc
    with container:
        yield container


def no_picture(path: Path) -> UnreadableVideo:
    """Make the error for a video of which not one frame could be decoded."""
    return UnreadableVideo(
        f"{path.name}: no picture could be decoded, it is damaged or encrypted (export it again)"
    )


def _reason(exc: Exception) -> str:
    return getattr(exc, "strerror", None) or str(exc)
