"""Count how often a thumbnail is wrong in kinds of files that people bring, ours beside FFmpeg's `thumbnail`.

    python -m tests.benchmarks.formats [--kinds NAME...] [--sheet FOLDER] [--json FILE]

Every file is made here from one film whose frames carry their number, so that a thumbnail tells which frame
it is, which way up, and how far its colours are off. The files lie in a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import av

from tests.benchmarks.formats import sheets
from tests.benchmarks.formats.arms import Ours, ffmpeg
from tests.benchmarks.formats.table import tables
from tests.benchmarks.formats.trial import tried
from tests.support.media.odd_files import KINDS
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.models import Models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.media.odd_files.kind import OddFile


def main() -> None:
    """Run as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", metavar="NAME", help="groups or files, by a part of the name")
    parser.add_argument("--sheet", type=Path, metavar="FOLDER", help="write a contact sheet for each file")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was seen in each file")
    given = parser.parse_args()
    av.logging.set_level(av.logging.PANIC)
    wanted = chosen(given.kinds)
    if not wanted:
        parser.error(f"no such kind; there are {', '.join(dict.fromkeys(kind.group for kind in KINDS))}")
    began_s = time.perf_counter()
    models = Models.load("lite", device="cpu")
    with Decoder() as decoder, tempfile.TemporaryDirectory(prefix="thumbs-") as folder:
        arms = (Ours(models, decoder), ffmpeg())
        results = []
        for number, kind in enumerate(wanted, start=1):
            print(f"{number}/{len(wanted)} {kind.name}", file=sys.stderr)
            results.append(tried(kind, arms, Path(folder)))
            if given.sheet and not results[-1].not_made:
                sheets.write(results[-1], given.sheet)
    print(tables(results, [arm.name for arm in arms]))
    print(f"{len(wanted)} kinds in {time.perf_counter() - began_s:.0f} s.")
    if given.json:
        given.json.write_text(
            json.dumps([result.as_json() for result in results], indent=1), encoding="utf-8"
        )


def chosen(names: Sequence[str] | None) -> list[OddFile]:
    """List the kinds whose name, or whose group's name, has one of these words in it; all without words."""
    words = names or [""]
    return [
        kind for kind in KINDS if any(word.lower() in f"{kind.group}: {kind.name}".lower() for word in words)
    ]


if __name__ == "__main__":
    main()
