"""The benchmark's trap videos hold what their truth says, and its measures count what they say."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from tests.benchmarks.pickers.methods import MISSHOWN, Chosen, MethodPick, ours
from tests.benchmarks.pickers.peers import PEERS
from tests.benchmarks.quality.quality_measures import figure, summary
from tests.benchmarks.speed import footage
from tests.benchmarks.trap_videos import codings, trap_recipes, trap_videos
from tests.benchmarks.trap_videos.bad_frames import RATE
from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.trap_videos.trap_recipes import Recipe
    from tests.benchmarks.trap_videos.trap_videos import TrapVideo
    from worker.pipeline.scoring.models import Models

CODINGS = {coding.name: coding for coding in codings.CODINGS}


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make each video once for the tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trap_videos, "CACHE", tmp_path_factory.mktemp("traps"))
        yield


def _recipe(**changes: object) -> Recipe:
    """A plain video of a few seconds that opens on a title, of one clip."""
    dealt = next(trap_recipes.recipes(footage.wheel_clips()[:1], 0, 1))
    plain = {
        "case": "single take", "length_s": 6.0, "lead_in": "title card", "lead_in_s": 1.0, "ending": "",
        "overlay": "", "coding": codings.PLAIN, "suffix": ".mp4", "clips": tuple(footage.wheel_clips()[:1]),
    }  # fmt: skip
    return replace(dealt, **{**plain, **changes})  # type: ignore[arg-type]


def _video(**changes: object) -> TrapVideo:
    return trap_videos.made(_recipe(**changes))


def _seeds(count: int) -> list[Recipe]:
    return list(trap_recipes.recipes(footage.wheel_clips(), 7, count))


def test_videos_are_dealt_from_their_seed_alone() -> None:
    """The same seed gives the same videos, another seed gives others."""
    assert _seeds(30) == _seeds(30)
    other = trap_recipes.recipes(footage.wheel_clips(), 8, 30)
    assert [one.length_s for one in _seeds(30)] != [one.length_s for one in other]
    assert not set(trap_recipes.TUNING_SEEDS) & set(trap_recipes.REPORTING_SEEDS)


def test_every_set_holds_every_case_and_varies_how_videos_begin() -> None:
    """Two of each unusual kind in 24; openings from nothing to a fifth of the video."""
    dealt = _seeds(trap_recipes.VIDEOS_PER_SEED)
    assert {one.case for one in dealt} == set(trap_recipes.CASES)
    assert {one.lead_in for one in dealt} == set(trap_recipes.LEAD_INS)
    assert {one.coding.name for one in dealt} == set(CODINGS)
    long = [one for one in dealt if one.case != "short"]
    assert all(15 <= one.length_s <= 90 and one.lead_in_s <= one.length_s / 5 for one in long)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("plain", ".fragmented.mp4"),
        ("plain", ".ts"),
        ("plain", ".webm"),
        ("interlaced", ".ts"),
        ("wide samples", ".mp4"),
        ("rotated 90", ".mp4"),
        ("PQ", ".mkv"),
        ("VFR", ".mkv"),
    ],
)
def test_a_frame_of_the_file_is_the_frame_of_the_truth(name: str, suffix: str) -> None:
    """Decoded and turned upright, each frame looks like the reference of its moment."""
    video = _video(coding=CODINGS[name], suffix=suffix, length_s=3.0)
    with av.open(str(video.path)) as container:
        start_s = (container.start_time or 0) / av.time_base
        for frame in islice(container.decode(video=0), 0, None, 10):
            rgb = np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90))
            shown = trap_videos.small_grey(rgb).astype(float).ravel()
            wanted = video.references[video.frame_at((frame.time or 0.0) - start_s)].astype(float).ravel()
            if wanted.std() > 10:  # the rest is black
                assert np.corrcoef(shown, wanted)[0, 1] > 0.9


def test_a_video_opens_as_its_recipe_says() -> None:
    """A second of a title card, then footage; and nothing where nothing is asked."""
    video = _video()
    assert set(video.kinds[:RATE]) == {"title card"}
    assert video.kinds[RATE] != "title card"
    assert _video(lead_in="", length_s=7.0).kinds[0] != "title card"


def test_a_short_video_is_under_three_seconds_and_has_something_good() -> None:
    """However long its opening is."""
    video = _video(case="short", length_s=1.2, lead_in_s=0.5)
    assert video.duration_s < 3
    assert "" in video.kinds


def test_subtitles_cover_some_of_the_time_and_are_known() -> None:
    """A picker can avoid them."""
    video = _video(overlay="subtitles", length_s=8.0)
    assert any(video.captioned)
    assert not all(video.captioned)
    assert not any(_video().captioned)


def test_every_rule_picks_a_moment_of_a_stream_that_does_not_begin_at_zero() -> None:
    """MPEG-TS counts from elsewhere; picks count from the start of the file."""
    video = _video(suffix=".ts")
    for name, peer in PEERS.items():
        assert all(0 <= time_s <= video.duration_s for time_s in peer(video.path)), name
    (middle,) = PEERS["50% (Mux, Brightcove)"](video.path)
    assert middle == pytest.approx(video.duration_s / 2, abs=1 / RATE)


def test_our_pick_is_checked_against_the_frame_that_it_should_show(models: Models) -> None:
    """A turned video is shown upright; were it not what the truth says, that would count as bad."""
    video = _video(coding=CODINGS["rotated 270"])
    with Decoder() as decoder:
        choose = ours(lambda _group: models, decoder)
        right = choose(video).picks[0]
        np.save(video.path.with_suffix(".npy"), video.references[:, ::-1])
        wrong = choose(_video(coding=CODINGS["rotated 270"])).picks[0]
    assert (right.kind, wrong.kind) == ("", MISSHOWN)


def test_intervals_hold_the_mean_and_shrink_with_more_videos() -> None:
    """The bootstrap's."""
    few, many = figure([True, False] * 5), figure([True, False] * 50)
    assert few is not None
    assert many is not None
    assert few.low < 0.5 < few.high
    assert many.high - many.low < few.high - few.low
    assert figure([]) is None


def test_three_picks_of_one_shot_are_not_three_good_picks() -> None:
    """They must be good and of different shots; a bad one among them spoils it."""
    video = replace(
        _video(), clips=("a", "b", "c"), shots=(0,) * 30 + (1,) * 30 + (2,) * 30, kinds=("",) * 90
    )
    assert video.has_three_good_shots
    alike = [MethodPick(0.0, "", is_barred=False, is_captioned=False, shot=0)] * 3
    apart = [replace(one, shot=number) for number, one in enumerate(alike)]
    spoiled = [*apart[:2], replace(apart[2], kind="black")]
    counted = [summary([video], [Chosen(picks)]) for picks in (alike, apart, spoiled)]
    assert [one["three good"].mean for one in counted] == [0, 1, 0]
    assert [one["any bad"].mean for one in counted] == [0, 0, 1]
    assert [one["first bad"].mean for one in counted] == [0, 0, 0]
