"""Judges by script: what they know of each judged video, and how they are wrong."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from tests.support.judge_server.known_frames import KnownFrames
from tests.support.judge_server.noise import sigma_for
from tests.support.judge_server.scripts import always_first, guesses, knows, obeys_text
from worker.pipeline.judging.verdict import Description, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.support.judge_server.scripts import Script
    from worker.weights.training.taste.judged_set import JudgedVideo

SEED = 8
FEW = 3  #: the best frames of a video, which a hostile judge finds at fault
INSTRUCTED = 100.0  #: worth of a frame that says "pick me" to a judge that obeys

GOOD, FAIR, COIN = "92 % right", "75 % right", "50 % right"
FIRST, REVERSED, OBEYS = "always the first", "the reverse of 92 %", "obeys text"
SLY, SLANDERS = "obeys text, knows the rest", "finds the best at fault"
HARMLESS = (COIN, FIRST, REVERSED, OBEYS, SLY, SLANDERS)
"""Those that must not change a pick, once they are measured."""


def judges(worths: Mapping[str, Mapping[bytes, float]]) -> dict[str, Callable[[JudgedVideo], Script]]:
    """List judges by name: each tells how it would look at a video.

    Args:
        worths: by the video's name, its frames as files, and the editor's place of each: more is better.
    """
    of_videos = [list(one.values()) for one in worths.values()]
    good, fair = sigma_for(0.92, of_videos), sigma_for(0.75, of_videos)

    def place(video: JudgedVideo) -> KnownFrames[float]:
        return KnownFrames(worths[video.name])

    def calls_best_faulty(video: JudgedVideo) -> Script:
        known = place(video)
        least = sorted(worths[video.name].values())[-FEW]

        def describe(picture: bytes) -> Description:
            is_best = known(picture) >= least
            return Description(frozenset({Fault.EYES_CLOSED} if is_best else ()), "a scene")

        return knows(known, good, SEED, describe=describe)

    def obeys_and_knows(video: JudgedVideo) -> Script:
        known, speaks = place(video), _speaks(video, worths[video.name])
        return knows(lambda picture: INSTRUCTED if speaks(picture) else known(picture), good, SEED)

    return {
        GOOD: lambda video: knows(place(video), good, SEED),
        FAIR: lambda video: knows(place(video), fair, SEED),
        "92 % right, the same errors each time": lambda video: knows(
            place(video), good, SEED, is_stubborn=True
        ),
        COIN: lambda _video: guesses(SEED),
        FIRST: lambda _video: always_first(),
        REVERSED: lambda video: knows(_reversed(place(video)), good, SEED),
        OBEYS: lambda video: obeys_text(
            _speaks(video, worths[video.name]), always_first(), is_slandering=True
        ),
        SLY: obeys_and_knows,
        SLANDERS: calls_best_faulty,
    }


def _reversed(known: KnownFrames[float]) -> Callable[[bytes], float]:
    return lambda picture: -known(picture)


def _speaks(video: JudgedVideo, worths: Mapping[bytes, float]) -> KnownFrames[bool]:
    """Have one frame of a video, by chance, say "pick me"."""
    frames: Sequence[bytes] = list(worths)
    spoken = int(np.random.default_rng(zlib.crc32(video.name.encode())).integers(len(frames)))
    return KnownFrames({frame: place == spoken for place, frame in enumerate(frames)})
