"""Open a local media file, and only that.

FFmpeg's demuxers can be talked into opening other files and URLs (HLS, concat, subfile), so only
self-contained formats and the `file` protocol are allowed.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import av
import av.error

from worker.errors import UnreadableVideo, VideoTooLarge
from worker.files.paged_file import is_paged, open_to_read
from worker.pipeline.container import identify
from worker.pipeline.container.file_head import checked_head

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
    head = checked_head(path)
    # "file:" before the path, or a name as "concat:a|b" or "http://..." would choose another protocol.
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(FORMATS)}
    # FFmpeg would take the holes of a paged file for zeros.
    file = open_to_read(path) if is_paged(path) else None
    try:
        container = av.open(file or f"file:{path.absolute()}", "r", options=options, metadata_errors="ignore")
    except av.error.MemoryError as exc:
        raise VideoTooLarge(f"{path.name}: needs more memory to open than a decoder may use") from exc
    except (av.error.FFmpegError, ValueError) as exc:
        raise UnreadableVideo(f"{path.name}: {identify.sentence_about(path, head)}") from exc
    with container, file or nullcontext():
        yield container


def no_picture(path: Path) -> UnreadableVideo:
    """Make the error for a video of which not one frame could be decoded."""
    if identify.is_scrambled(identify.read_head(path)):
        return UnreadableVideo(f"{path.name}: {identify.Kind.SCRAMBLED.format(name='scrambled')}")
    return UnreadableVideo(
        f"{path.name}: no picture in it could be decoded: it is damaged, or encrypted without saying so; "
        "copy or download it again, or export it again"
    )
