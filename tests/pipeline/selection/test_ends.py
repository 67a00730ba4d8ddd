"""The first and the last half second of a video are shown only where all else leaves places free."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, pictures
from tests.support.service import sample_run
from worker.files.video_file import VideoFile
from worker.pipeline.frames import Candidate
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.selection.ends import AT_AN_END, END_S, candidates_at_ends
from worker.time_ranges import parse_time_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from worker.pipeline.frames import Rgb, Run
    from worker.pipeline.scoring.models import Models

BIKES = pictures.footage("bikes", 30, start=90)
BUNNY = pictures.footage("bigbuckbunny", 25, start=60)

THREE = Options(count=3)


@pytest.fixture(scope="module")
def pick(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Run]]:
    """Return what picks from frames at 25 a second, as a piece that begins somewhere."""
    with Decoder() as decoder:

        def pick(frames: list[Rgb], options: Options = THREE, begins_at_s: float = 0.0) -> Run:
            path: Path = clips.write(tmp_path_factory.mktemp("ends") / "clip.mp4", frames)
            return pick_thumbnails(VideoFile(path, begins_at_s), options, models, decoder)

        yield pick


@pytest.mark.parametrize("begins_at_s", [0.0, 100.0])
def test_the_best_pick_lies_at_no_end_of_what_is_looked_at(
    pick: Callable[..., Run], begins_at_s: float
) -> None:
    """The ends of a piece are those of its own."""
    film = [*BUNNY[:8], *BIKES, *BIKES[::-1], *BUNNY[8:16]]

    run = pick(film, Options(count=1), begins_at_s)

    length_s = len(film) / 25
    assert END_S <= run.picks[0].time_s - begins_at_s <= length_s - END_S
    assert AT_AN_END in {one.why for one in run.losers}


def test_no_more_than_half_a_second_is_an_end() -> None:
    """A clip of four seconds keeps three quarters of its candidates as they are."""
    video = replace(sample_run.video(), duration_s=4.0)
    several = [Candidate(0.25 * n, 0, BIKES[0], sample_run.CUES) for n in range(17)]

    assert candidates_at_ends(several, video) == {0, 1, 15, 16}


@pytest.mark.parametrize("count", [25, 50])
def test_a_short_clip_is_shown_from_its_middle(pick: Callable[..., Run], count: int) -> None:
    """Half of it is left to choose from."""
    film = [*BIKES, *BIKES[::-1]][:count]

    run = pick(film)

    assert len(run.picks) == 1
    assert 0.2 * count <= 25 * run.picks[0].time_s <= 0.8 * count


def test_an_end_is_shown_where_nothing_else_is_good(pick: Callable[..., Run]) -> None:
    """A picture of a few frames, then black."""
    run = pick([*BIKES[:10], *pictures.black(90)])

    assert run.picks[0].time_s < END_S


def test_a_preferred_end_is_no_weak_one(pick: Callable[..., Run]) -> None:
    """Who asks for the start gets it."""
    run = pick([*BIKES, *BIKES[::-1]], Options(count=1, prefer=parse_time_ranges(["0-0.9"])))

    assert run.picks[0].time_s < 0.9
