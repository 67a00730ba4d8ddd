"""Feed hostile files to the real decode process, and report what came of them.

    python -m tests.faults.hostile_media --files 1000 --odd --seed 1 --report docs/reliability-media.md

`--odd` adds one file of each kind that people bring, cut off once, and once with bits that were flipped.
What no file may do: end the process that asked, reach a server, show what another file holds, take longer
than its deadline or more memory than its limit, or fail without saying why.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.faults import media_corpus, odd_corpus
from tests.support.faults.media_corpus import Hostile, Lures
from tests.support.media import clips, pictures
from tests.support.media.media_server import MediaServer
from worker.confinement.confine import DEFAULT_LIMITS, MIB
from worker.errors import ThumbsError
from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.pipeline.frames import Rgb

WORDS = "loot-7f3a-that-nobody-may-see"
MARKER_SEED = 7
LIKENESS = 0.8  #: correlation with the marker from which a picture shows it; real pictures reach 0.3
STILLS = 2  #: taken of each video that can be read
# Each file is a second long, or a bomb; a tenth of the pipeline's own deadlines, which add up to 360 s.
WALL_MAX_S = 36.0
# What the interpreter and the libraries take before the limit counts.
BASE_MEMORY_MIB = 512


@dataclass
class MediaOutcome:
    """What came of all files."""

    ends: Counter[tuple[str, str]] = field(default_factory=Counter)  #: by kind of file and how it ended
    violations: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")  #: seconds, and which file
    peak_mib: int = 0  #: of the largest decode process
    canary_hits: int = 0


def marker() -> Rgb:
    """Return the picture that stands in a file which no video may show."""
    coarse = pictures.noise(1, size=(16, 9), seed=MARKER_SEED)[0]
    return cv2.resize(coarse, media_corpus.BASE_SIZE, interpolation=cv2.INTER_NEAREST)


def shows_marker(rgb: Rgb) -> bool:
    """Whether a picture is the marker, at whatever size."""
    if rgb.tobytes().find(WORDS.encode()) >= 0:
        return True
    small = [cv2.resize(picture, (32, 18), interpolation=cv2.INTER_AREA) for picture in (rgb, marker())]
    if small[0].std() == 0:
        return False
    return bool(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > LIKENESS)


def feed(folder: Path, count: int, seed: int, more: Iterable[Hostile] = ()) -> MediaOutcome:
    """Let the pipeline's decoder probe, scan and take stills of a corpus, and of more files."""
    outcome = MediaOutcome()
    (folder / "bases").mkdir()
    (folder / "lures").mkdir()
    text = folder / "lures" / "passwd"
    text.write_text(WORDS * 100)
    hidden = clips.write(folder / "lures" / "hidden.mp4", [marker()] * media_corpus.FRAMES)
    with MediaServer({"/hidden.mp4": hidden.read_bytes()}) as canary, Decoder() as decoder:
        lures = Lures(hidden, text, f"{canary.url}/hidden.mp4")
        bases = media_corpus.bases(folder / "bases")
        for file in chain(media_corpus.corpus(bases, lures, count=count, seed=seed), more):
            _feed_one(decoder, folder, file, outcome)
        outcome.canary_hits = len(canary.requests)
    outcome.peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    _judge(outcome)
    return outcome


def _feed_one(decoder: Decoder, folder: Path, file: Hostile, outcome: MediaOutcome) -> None:
    path = folder / file.name
    path.write_bytes(file.content)
    start_s = time.monotonic()
    try:
        seen = _look(decoder, path)
    except ThumbsError as exc:
        end, told, seen = type(exc).__name__, str(exc), []
        if not told.startswith(path.name) or WORDS in told:
            outcome.violations.append(f"{path.name}: not named well: {end}: {told}")
    except Exception as exc:  # noqa: BLE001 - to be counted is what it is here for
        end, seen = type(exc).__name__, []
        outcome.violations.append(f"{path.name}: {end}: {exc}")
    else:
        end = "picked from"
    outcome.slowest = max(outcome.slowest, (time.monotonic() - start_s, path.name))
    outcome.ends[file.kind, end] += 1
    outcome.violations += [f"{path.name}: shows another file" for rgb in seen if shows_marker(rgb)]
    path.unlink()


def _look(decoder: Decoder, path: Path) -> list[Rgb]:
    """Every picture that the pipeline gets of a file."""
    video = decoder.probe(path)
    candidates = decoder.scan(video).candidates
    moments = candidates[:: max(1, len(candidates) // STILLS)][:STILLS]
    stills = decoder.take_stills(video, [one.time_s for one in moments], [one.active for one in moments])
    return [candidate.rgb for candidate in candidates] + [still.rgb for still in stills]


def _judge(outcome: MediaOutcome) -> None:
    if outcome.canary_hits:
        outcome.violations.append(f"the canary was asked {outcome.canary_hits} times")
    if outcome.slowest[0] > WALL_MAX_S:
        outcome.violations.append("{1} took {0:.0f} s".format(*outcome.slowest))
    if outcome.peak_mib > (DEFAULT_LIMITS.address_space_bytes or 0) // MIB + BASE_MEMORY_MIB:
        outcome.violations.append(f"a decoder took {outcome.peak_mib} MiB")


def report(outcome: MediaOutcome, command: str, took_s: float) -> str:
    """Say what came of a corpus that a command fed, in Markdown."""
    today = datetime.now(UTC).date()
    lines = [
        "# The last hostile files\n",
        f"`python -m tests.faults.hostile_media {command}`, {today}: {took_s:.0f} s.\n",
        f"Violations: **{len(outcome.violations)}**",
        *(f"- {violation}" for violation in outcome.violations),
        f"\nThe process that asked lived to write this. Requests at the canary: {outcome.canary_hits}.",
        f"The slowest file took {outcome.slowest[0]:.1f} s ({outcome.slowest[1]}).",
        f"The largest decode process had {outcome.peak_mib} MiB.\n",
        "| kind of file | how it ended | files |",
        "|---|---|---|",
        *(f"| {kind} | {end} | {number} |" for (kind, end), number in _in_order(outcome.ends.items())),
    ]
    return "\n".join(lines) + "\n"


def _in_order(
    ends: Iterable[tuple[tuple[str, str], int]],
) -> list[tuple[tuple[str, str], int]]:
    kinds = media_corpus.kinds()
    return sorted(ends, key=lambda item: (kinds.index(item[0][0]), -item[1]))


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--odd", action="store_true", help="and all odd kinds of files, damaged")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, help="a file to write the report to")
    given = parser.parse_args()
    start_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="thumbs-") as folder:
        kinds = odd_corpus.ODD if given.odd else []
        more = odd_corpus.corpus(Path(folder), kinds, seed=given.seed)
        outcome = feed(Path(folder), given.files, given.seed, more)
    command = f"--files {given.files}{' --odd' if given.odd else ''} --seed {given.seed}"
    told = report(outcome, command, time.monotonic() - start_s)
    print(told)
    if given.report:
        given.report.write_text(told)
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
