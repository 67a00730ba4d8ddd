"""How many readings a judge needs: simulated with the product's own orders and places, in a minute.

    python -m tests.benchmarks.judge readings --set DIR [--shares .92 .85 .75] [--readings 1 2 4 6 8]

A reading puts the frames of a judged set in the order of the editor's places plus errors of its own, so large
that one reading has the share of pairs right. The errors are drawn anew for each reading; a last row draws
them once for each video.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.quality.quality_table import markdown
from tests.support.judge_server.known_frames import judged_worths
from tests.support.judge_server.noise import sigma_for
from worker.judge.readings import Order, orders, places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RUNS = 20  #: of each video; the figures move by less than a point


def run(arguments: Sequence[str]) -> int:
    """Run as the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.judge readings")
    parser.add_argument("--set", type=Path, required=True, metavar="DIR", help="folder of judged frames")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.92, 0.85, 0.75])
    parser.add_argument("--readings", type=int, nargs="+", default=[1, 2, 4, 6, 8])
    given = parser.parse_args(arguments)
    if not given.set.is_dir():
        print(f"skipped: {given.set} is no folder of judged frames (docs/judged-frames.md)")
        return 0
    videos = [np.array(list(frames.values())) for frames in judged_worths(given.set).values()]
    random = np.random.default_rng(0)
    lines = []
    for share in given.shares:
        sigma = sigma_for(share, [video.tolist() for video in videos])
        firsts = [best_is_first(videos, readings, sigma, random) for readings in given.readings]
        lines.append((f"{share:.0%}", *(f"{first:.0%}" for first in firsts)))
    sigma = sigma_for(given.shares[0], [video.tolist() for video in videos])
    same = [best_is_first(videos, n, sigma, random, is_stubborn=True) for n in given.readings]
    lines.append((f"{given.shares[0]:.0%}, the same errors each time", *(f"{first:.0%}" for first in same)))
    heads = ("pairs right in one reading", *(f"{n} reading{'s' * (n > 1)}" for n in given.readings))
    print(markdown(heads, lines))
    return 0


def best_is_first(
    videos: Sequence[NDArray[np.float64]],
    readings: int,
    sigma: float,
    random: np.random.Generator,
    *,
    is_stubborn: bool = False,
) -> float:
    """Tell in which share of the videos the judge's first frame is the editor's best; ties count in part.

    Args:
        videos: of each, the editor's places of its frames: more is better.
        readings: of the order; 1 for a single one, without its reverse.
        sigma: of the errors.
        random: draws them.
        is_stubborn: whether all readings of a video have the same ones.
    """
    firsts = []
    for seed in range(RUNS):
        for worths in videos:
            errors = sigma * random.standard_normal(len(worths))

            def read(worths: NDArray[np.float64] = worths, errors: NDArray[np.float64] = errors) -> Order:
                fresh = errors if is_stubborn else sigma * random.standard_normal(len(worths))
                return tuple(int(place) for place in np.argsort(-(worths + fresh)))

            couples = [(read(), read()) for _ in orders(len(worths), readings, seed)] or [(read(),) * 2]
            found = np.array(places(couples))
            is_first = found == found.max()
            firsts.append(float((worths[is_first] == worths.max()).mean()))
    return float(np.mean(firsts))
