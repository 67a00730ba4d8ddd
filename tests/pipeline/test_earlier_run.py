"""An edited video is judged by what was seen of it before, wherever that still holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, pictures
from tests.support.media.edited_videos import cut
from worker.analysis.memory import memory_of
from worker.analysis.rows import result_of
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.platforms.base import AssetState, RemoteAsset
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.earlier_run import Memory
    from worker.pipeline.frames import Rgb, Run
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models

# Which of several good frames wins differs even between whole runs, once the same frames are encoded again.
GOOD = 0.75
MOMENT_S = 0.5
HEAD_OFF = Timeline.of([Range(3.0, 12.0)])
REORDERED = Timeline.of([Range(6.0, 12.0), Range(0.0, 6.0)])


class Counting:
    """A scorer, and how many pictures it was shown."""

    def __init__(self, models: Models) -> None:
        self._scorer = models.scorer
        self.pictures = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._scorer, name)

    def look(self, pictures: list[Rgb], *more: object) -> object:
        """Count, and look."""
        self.pictures += len(pictures)
        return self._scorer.look(pictures, *more)  # type: ignore[arg-type]


def share_of_worse(time_s: float, run: Run) -> float:
    """Return how many of the frames that a run scored are worse than the best about a moment."""
    seen = [*run.chosen, *(loser.scored for loser in run.losers if loser.scored)]
    best = max(one.score for one in seen if abs(one.candidate.time_s - time_s) < MOMENT_S)
    return sum(one.score < best for one in seen) / len(seen)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return 12 s of real footage: bikes, then a rabbit."""
    frames = pictures.footage("bikes", 150) + pictures.footage("bigbuckbunny", 125)
    frames += pictures.footage("bigbuckbunny", 25)
    return clips.write(tmp_path_factory.mktemp("edits") / "clip.mp4", frames)


@pytest.fixture(scope="module")
def first(clip: Path, models: Models, decoder: Decoder) -> Run:
    """Return the whole run on it."""
    return pick_thumbnails(clip, Options(), models, decoder)


def remembered(run: Run, timeline: Timeline, sight: str | None = None) -> Memory | None:
    """Return what the database would give back of a run."""
    rows = result_of(run, RemoteAsset("a", AssetState.READY, "f"), {}).candidates
    return memory_of(rows, timeline, run.sight if sight is None else sight)


def test_an_unchanged_video_gets_the_very_same_picks(
    clip: Path, first: Run, models: Models, decoder: Decoder
) -> None:
    """Nothing is lost on the way through the database, and nothing is scanned or scored again."""
    counting = Counting(models)
    again = pick_thumbnails(
        clip,
        Options(),
        replace(models, scorer=counting),  # type: ignore[arg-type] # it is one, and counts
        decoder,
        memory=remembered(first, Timeline.whole()),
    )

    assert [pick.time_s for pick in again.picks] == [pick.time_s for pick in first.picks]
    assert [pick.score for pick in again.picks] == pytest.approx([pick.score for pick in first.picks])
    assert again.recalled == len(first.picks) + len(first.losers)
    assert counting.pictures == 0


@pytest.mark.parametrize("timeline", [HEAD_OFF, REORDERED])
def test_an_edited_video_is_judged_by_the_pictures_that_were_kept(
    clip: Path, first: Run, models: Models, decoder: Decoder, tmp_path: Path, timeline: Timeline
) -> None:
    """Every candidate is at its new time, in its new shot, and only those beside a join are new."""
    edited = cut(clip, timeline, tmp_path / "edited.mp4")
    counting = Counting(models)
    whole = pick_thumbnails(edited, Options(), models, decoder)

    run = pick_thumbnails(
        edited,
        Options(),
        replace(models, scorer=counting),  # type: ignore[arg-type] # it is one, and counts
        decoder,
        memory=remembered(first, timeline),
    )

    assert run.recalled > 0
    assert counting.pictures < run.recalled / 3
    assert len(run.shot_starts_s) == len(whole.shot_starts_s)
    assert run.shot_starts_s == pytest.approx(whole.shot_starts_s, abs=0.5)
    # The two scans keep other candidates, and what is just unlike enough in one may be too like in the other.
    assert abs(len(run.picks) - len(whole.picks)) <= 1
    assert share_of_worse(run.picks[0].time_s, whole) > GOOD


def test_another_model_sees_the_stored_pictures(
    clip: Path, first: Run, models: Models, decoder: Decoder
) -> None:
    """What one model saw says nothing to another, so each picture is embedded again; none is decoded."""
    counting = Counting(models)

    run = pick_thumbnails(
        clip,
        Options(),
        replace(models, scorer=counting),  # type: ignore[arg-type] # it is one, and counts
        decoder,
        memory=remembered(first, Timeline.whole(), sight="another"),
    )

    assert run.recalled == len(first.picks) + len(first.losers)
    assert counting.pictures == sum(loser.scored is not None for loser in run.losers) + len(run.picks)


class TestTheWholeVideoIsLookedAt:
    """Where what is known does not fit the file, it counts for nothing."""

    def test_if_it_lasts_longer_than_was_told(
        self, clip: Path, first: Run, models: Models, decoder: Decoder
    ) -> None:
        """The edit has not arrived at the platform yet; until its end, the file shows what was told."""
        tail_off = Timeline.of([Range(0.0, 9.0)])
        run = pick_thumbnails(clip, Options(), models, decoder, memory=remembered(first, tail_off))

        assert run.recalled == 0
        assert [pick.time_s for pick in run.picks] == [pick.time_s for pick in first.picks]

    def test_if_it_shows_something_else_than_was_told(
        self, clip: Path, first: Run, models: Models, decoder: Decoder
    ) -> None:
        """A wrong order lasts as long as the right one."""
        run = pick_thumbnails(clip, Options(), models, decoder, memory=remembered(first, REORDERED))

        assert run.recalled == 0
        assert [pick.time_s for pick in run.picks] == [pick.time_s for pick in first.picks]

    def test_if_too_little_of_it_is_left(
        self, clip: Path, first: Run, models: Models, decoder: Decoder, tmp_path: Path
    ) -> None:
        """Joins are scanned anyway: of a video made of scraps, that is nearly everything."""
        scraps = Timeline.of(Range(2.0 * n, 2.0 * n + 0.4) for n in range(6))
        edited = cut(clip, scraps, tmp_path / "edited.mp4")

        run = pick_thumbnails(edited, Options(), models, decoder, memory=remembered(first, scraps))

        assert run.recalled == 0
        assert run.picks
