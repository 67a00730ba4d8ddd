"""What is flagged as unsafe is not picked, as long as a video shows anything else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, pictures
from tests.support.pictures.unsafe_pictures import PinkFinder, pink
from worker.local.shortfall import why_fewer
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.safety.flags import FLAGGED_NOTE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from worker.pipeline.frames import Rgb, Run
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models

    Picker = Callable[..., Run]


@pytest.fixture
def pick(models: Models, decoder: Decoder, tmp_path: Path) -> Picker:
    """Return what picks from these frames, with a finder that flags what is pink, or none."""

    def pick(frames: list[Rgb], finder: PinkFinder | None, **options: object) -> Run:
        path = clips.write(tmp_path / "clip.mp4", frames)
        return pick_thumbnails(path, Options(**options), replace(models, unsafe=finder), decoder)  # type: ignore[arg-type]

    return pick


HALF = 25  # frames: a second


def half_pink() -> list[Rgb]:
    """A second of bikes, which is pink, and one of a rabbit."""
    return pink(pictures.footage("bikes", HALF)) + pictures.footage("bigbuckbunny", HALF)


def test_a_flagged_frame_gives_way_to_another(pick: Picker) -> None:
    """The scene would be picked without the finder; with it, it says why it was not."""
    without = pick(half_pink(), None, count=2)
    run = pick(half_pink(), PinkFinder(), count=2)

    assert any(one.time_s < 1 for one in without.picks)
    assert run.picks
    assert all(one.time_s >= 1 for one in run.picks)
    assert any(loser.why == "unsafe" for loser in run.losers)
    assert not run.is_flagged
    assert FLAGGED_NOTE not in run.note


def test_a_video_with_nothing_else_keeps_its_picks_and_says_so(pick: Picker) -> None:
    """Each pick says so first, and the run's note for people."""
    frames = pink(pictures.footage("bikes", HALF))

    without = pick(frames, None, count=1)
    run = pick(frames, PinkFinder(), count=1)

    assert [one.time_s for one in run.picks] == [one.time_s for one in without.picks]
    assert [one.reasons[0] for one in run.picks] == ["unsafe"]
    assert {loser.why for loser in run.losers if loser.scored} == {"unsafe"}
    assert run.is_flagged
    assert run.note.startswith(FLAGGED_NOTE)


def test_only_what_comes_into_question_is_looked_at(pick: Picker) -> None:
    """A look takes as long as scoring a frame: the picks are looked at, and what is cut of them."""
    finder = PinkFinder()

    run = pick(half_pink()[HALF:], finder, count=1, aspects=("16:9", "1:1"))

    assert len(run.picks) == 1
    assert finder.looks == 1 + 2


def test_a_still_that_shows_more_than_its_candidate_is_not_shown(pick: Picker) -> None:
    """The finder takes the candidates of the bikes for safe, and not what is cut of them."""

    class SharpEyed(PinkFinder):
        def likelihood(self, picture: Rgb | bytes) -> float:
            return super().likelihood(picture) if isinstance(picture, bytes) else 0.0

    run = pick(half_pink(), SharpEyed(), count=2)

    assert run.picks
    assert all(one.time_s >= 1 for one in run.picks)
    assert [one.rank for one in run.picks] == list(range(1, len(run.picks) + 1))
    assert any(loser.why == "unsafe" for loser in run.losers)


def test_where_there_are_fewer_picks_it_is_said_why(pick: Picker) -> None:
    """Rather fewer pictures than one that is flagged."""
    run = pick(half_pink(), PinkFinder(), count=5)

    assert len(run.picks) < 5
    assert "flagged as unsafe" in why_fewer(run, 5)


def test_a_moment_that_a_person_chose_is_cut_and_told_of(pick: Picker) -> None:
    """Who chose it has seen it."""
    run = pick(half_pink(), PinkFinder(), count=1, chosen_s=0.5)
    clean = pick(half_pink(), PinkFinder(), count=1, chosen_s=1.5)

    assert len(run.wanted) == len(clean.wanted) == 1
    assert (run.is_wanted_unsafe, clean.is_wanted_unsafe) == (True, False)
