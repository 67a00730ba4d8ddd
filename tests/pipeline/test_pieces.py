"""A file that is a later piece of a video is picked from on the clock of the whole video."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.support.media import clips, pictures, recordings
from tests.support.media.recordings import JoinedPart
from worker.files.video_file import VideoFile
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.time_ranges import parse_time_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from worker.pipeline.frames import Run
    from worker.pipeline.scoring.models import Models

BEGINS_AT_S = 100.0
NOTE = "the stream has 2 parts between discontinuities; the longest, 100.0 to 103.0 s, was looked at"


@pytest.fixture(scope="module")
def pick(models: Models, bikes_clip: Path) -> Iterator[Callable[..., Run]]:
    """Return what picks from a clip of 3 s that begins at 100 s of a video."""
    piece = VideoFile(bikes_clip, BEGINS_AT_S, note=NOTE)
    with Decoder() as decoder:

        def with_options(options: Options) -> Run:
            def better(_times_s: Sequence[float]) -> VideoFile:
                return piece

            return pick_thumbnails(piece, options, models, decoder, better=better)

        yield with_options


def test_picks_have_the_times_of_the_whole_video(pick: Callable[..., Run]) -> None:
    """Also where their stills come from another file of it; the run keeps what is said of the piece."""
    run = pick(Options(prefer=parse_time_ranges(["101.5-102.5"])))

    assert 101.5 <= run.picks[0].time_s < 102.5
    assert all(BEGINS_AT_S <= one.time_s < BEGINS_AT_S + 3 for one in [*run.picks])
    assert all(BEGINS_AT_S <= one.candidate.time_s < BEGINS_AT_S + 3 for one in run.losers)
    assert NOTE in run.video.notes


@pytest.mark.parametrize(("chosen_s", "is_there"), [(1.0, False), (101.0, True), (103.5, False)])
def test_a_chosen_moment_is_cut_where_the_piece_has_it(
    pick: Callable[..., Run], chosen_s: float, *, is_there: bool
) -> None:
    """Elsewhere in the whole video it cannot be shown."""
    assert bool(pick(Options(chosen_s=chosen_s)).wanted) is is_there


def test_what_is_told_of_either_file_is_told_once(models: Models, tmp_path: Path) -> None:
    """Stills from a file whose colours are a guess are no better because the one looked at is sure."""
    strange = clips.ColorTags(matrix=3)
    paths = [
        clips.write(tmp_path / name, pictures.footage("bikes", 50), clips.Format(color=color))
        for name, color in (("looked_at.mp4", clips.BT709), ("better.mp4", strange))
    ]

    with Decoder() as decoder:
        runs = [
            pick_thumbnails(path, Options(), models, decoder, better=lambda _times_s: VideoFile(paths[1]))
            for path in paths
        ]

    assert [run.note.count("its colour tag") for run in runs] == [1, 1]
    assert [len(run.video.notes) for run in runs] == [1, 1]


def test_pieces_of_a_stream_whose_stamps_jump_show_no_other_moment(models: Models, tmp_path: Path) -> None:
    """A playlist may not tell of a jump: then played time is known only of the file that is whole."""
    whole = recordings.join(tmp_path / "whole.ts", [JoinedPart(1.0), JoinedPart(5000.0)])
    pieces = VideoFile(whole, is_assembled=True, is_sparse=True)

    with Decoder() as decoder:
        run = pick_thumbnails(
            whole,
            Options(chosen_s=3.2, aspects=("source",)),
            models,
            decoder,
            better=lambda _times_s: pieces,
        )

    [still] = run.wanted
    rgb = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pictures.read_number(rgb) == round(3.2 * 25)
