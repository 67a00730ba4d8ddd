"""Takes frames of one's own videos to put in order: varied ones that are good enough to be shown.

No score has a say in the choice: whoever learns from frames that a score prefers learns the score.
"""

from __future__ import annotations

import json
import string
import zlib
from typing import TYPE_CHECKING

import numpy as np

from worker.errors import NothingToLearn, PermanentError, ThumbsError
from worker.pipeline.jpeg import encode_jpeg
from worker.pipeline.selection.ends import candidates_at_ends
from worker.pipeline.selection.shortlist import shortlist
from worker.pipeline.shrink import shrink
from worker.weights.training.taste.judge.teaching.table import add_row, rows_of
from worker.weights.training.taste.judge.teaching.varied import MIN_FRAMES, USUAL_FRAMES, varied
from worker.weights.training.taste.judged_set import FRAMES, TIMES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.pipeline.frames import Candidate, Scan
    from worker.pipeline.media import Video
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.clip_scorer import ClipScorer
    from worker.weights.training.taste.judge.teaching.own_videos import OwnVideo

LEFT_OUT_TABLE = "left_out.tsv"  #: what no frames were taken of; without its row, a video is tried again
LEFT_OUT_COLUMNS = ("video", "path", "why")
MAX_SIDE_PX = 480


def take_frames(
    videos: Sequence[OwnVideo],
    folder: Path,
    seed: int,
    scorer: ClipScorer,
    decoder: Decoder,
    on_progress: Callable[[float], None],
) -> list[str]:
    """Take frames of every video that has none yet; one that fails does not stop the next.

    What can never give frames is noted in a table, and not looked at again.

    Args:
        videos: one's own.
        folder: of the set.
        seed: of what is drawn at random, for each video by its name.
        scorer: tells how unlike frames look.
        decoder: opens the videos.
        on_progress: gets the fraction done, 0..1.

    Returns:
        A sentence for each video that was left out in this run.
    """
    left_out = {row["video"] for row in rows_of(folder / LEFT_OUT_TABLE)}
    told = []
    for number, video in enumerate(videos):

        def within(fraction: float, before: int = number) -> None:
            on_progress((before + fraction) / len(videos))

        place = folder / FRAMES / video.name
        if video.name not in left_out and not (place / TIMES).is_file():
            try:
                _take(video, place, seed, scorer, decoder, within)
            except ThumbsError as error:
                why = str(error).removeprefix(f"{video.path.name}: ")
                told.append(f"{video.within}: {why}")
                if isinstance(error, PermanentError):
                    row = {"video": video.name, "path": video.within, "why": why}
                    add_row(folder / LEFT_OUT_TABLE, row, LEFT_OUT_COLUMNS)
        within(1.0)
    return told


def _take(
    video: OwnVideo,
    place: Path,
    seed: int,
    scorer: ClipScorer,
    decoder: Decoder,
    on_progress: Callable[[float], None],
) -> None:
    probed = decoder.probe(video.path)
    usable = _usable(decoder.scan(probed, on_progress), probed)
    if len(usable) < MIN_FRAMES:
        raise NothingToLearn(f"{len(usable)} frames are good enough to be shown, and {MIN_FRAMES} are needed")
    rng = np.random.default_rng([seed, zlib.crc32(video.name.encode())])
    chosen = [
        usable[index]
        for index in varied(scorer.embed([one.rgb for one in usable]), [one.time_s for one in usable], rng)
    ]
    stills = decoder.take_stills(
        probed, [one.time_s for one in chosen], [one.active for one in chosen], refine=False
    )
    letters = string.ascii_uppercase[: len(chosen)]
    place.mkdir(parents=True, exist_ok=True)
    for letter, still in zip(letters, stills, strict=True):
        small = shrink(still.rgb, MAX_SIDE_PX / max(still.rgb.shape[:2]))
        (place / f"{letter}.jpg").write_bytes(encode_jpeg(small))
    times = {
        "duration_s": probed.duration_s,
        "width_px": probed.width_px,
        "height_px": probed.height_px,
        "times_s": {letter: still.time_s for letter, still in zip(letters, stills, strict=True)},
        "shots": {letter: one.shot for letter, one in zip(letters, chosen, strict=True)},
        "path": video.within,
        "group": video.group,
    }
    # The last file, and at once: where it lies, the pictures are complete.
    unfinished = place / f"{TIMES}.unfinished"
    unfinished.write_text(json.dumps(times, indent=1), "utf-8")
    unfinished.replace(place / TIMES)


def _usable(scan: Scan, video: Video) -> list[Candidate]:
    """Keep what passes the gates of the picker; the video's ends only where there is too little else."""
    worth, _ = shortlist(scan.candidates)
    passed = [scan.candidates[index] for index in worth]
    at_ends = candidates_at_ends(passed, video)
    inner = [one for index, one in enumerate(passed) if index not in at_ends]
    return inner if len(inner) >= USUAL_FRAMES else passed
