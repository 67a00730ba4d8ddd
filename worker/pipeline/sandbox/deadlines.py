"""How long the decode process may take. Deadlines end a hang, and are far from what any real file needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.media import Video

PROBE_WALL_S = 60.0
# A file that was cut short or joined is read, up to 8 GiB of it, twice at most; a slow disk of 50 MB/s.
PROBE_WALL_S_PER_BYTE = 2 / 50e6
PROBE_WALL_MAX_S = 600.0
# A scan may be three times slower than real time; long videos are sampled, so that is enough for them.
SCAN_WALL_S = 120.0
SCAN_WALL_S_PER_VIDEO_S = 3.0
SCAN_WALL_MAX_S = 1800.0
STILLS_WALL_S = 180.0
# Loading FFmpeg and OpenCV takes the child half a second, and far longer from a slow disk.
START_WALL_S = 120.0


def probe_wall_s(path: Path) -> float:
    """Return the seconds that the facts of a file may take to be read."""
    # What is wrong with a file that is not there, the child finds out.
    size_bytes = path.stat().st_size if path.is_file() else 0
    return min(PROBE_WALL_S + PROBE_WALL_S_PER_BYTE * size_bytes, PROBE_WALL_MAX_S)


def scan_wall_s(video: Video) -> float:
    """Return the seconds that a scan of a video may take."""
    return min(SCAN_WALL_S + SCAN_WALL_S_PER_VIDEO_S * video.length_s, SCAN_WALL_MAX_S)
