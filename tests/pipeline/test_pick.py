"""The whole pipeline, with the real bundled model, on files a user may bring."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.support.media import clips, pictures
from worker.errors import UnreadableVideo
from worker.pipeline.earlier_picks import EarlierPick
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.time_ranges import parse_time_ranges

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb, Run
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models

BIKES = pictures.footage("bikes", 45, start=90)
BUNNY = pictures.footage("bigbuckbunny", 50, start=60)


@pytest.fixture
def run(models: Models, decoder: Decoder, tmp_path: Path):  # noqa: ANN201 - a function of a fixture
    """Return a function that writes frames to a file and picks from it."""

    def run(frames: list[Rgb], options: Options = THREE, form: clips.Format = clips.PLAIN) -> Run:
        path = clips.write(tmp_path / "clip.mp4", frames, form)
        return pick_thumbnails(path, options, models, decoder)

    return run


THREE = Options(count=3)

BAD_STRETCHES = {
    "black": pictures.black(40),
    "white": pictures.solid((255, 255, 255), 40),
    "color bars": pictures.color_bars(40),
    "title card": pictures.title_card("My holidays", 40),
    "noise in the dark": [(frame // 16).astype(np.uint8) for frame in pictures.noise(40)],
    "fade in": pictures.fade_in(BIKES[:40]),
    "dissolve": pictures.dissolve(BUNNY[-1:] * 40, BIKES[:1] * 40),
}


@pytest.mark.parametrize("name", BAD_STRETCHES)
def test_a_bad_stretch_is_never_picked(run, name: str) -> None:  # noqa: ANN001
    """A filmed frame is taken instead."""
    bad = BAD_STRETCHES[name]

    result = run([*BUNNY, *bad, *BIKES], Options(count=2))

    # A tenth into a fade or dissolve, and a tenth before its end, the picture is as good as whole.
    start_s, end_s = (len(BUNNY) + 0.1 * len(bad)) / 25, (len(BUNNY) + 0.9 * len(bad)) / 25
    assert result.picks
    assert not any(start_s < pick.time_s < end_s for pick in result.picks)


def test_three_scenes_give_three_picks(run) -> None:  # noqa: ANN001
    """One from each, ranked, however near to each other."""
    carphone = pictures.footage("carphone_pristine", 60)

    result = run([*BIKES, *BIKES[::-1], *BUNNY, *carphone])

    assert [pick.rank for pick in result.picks] == [1, 2, 3]
    assert len({pick.shot for pick in result.picks}) == 3


def test_a_still_scene_gives_one_pick_rather_than_duplicates(run) -> None:  # noqa: ANN001
    """Ten seconds of one frame are one thumbnail."""
    assert len(run(BIKES[:1] * 250).picks) == 1


@pytest.mark.parametrize(
    "frames", [BIKES[:1], BIKES[:8], pictures.black(50)], ids=["one frame", "0.3 s", "all black"]
)
def test_a_playable_video_always_gets_a_pick(run, frames: list[Rgb]) -> None:  # noqa: ANN001
    """However short or dark."""
    result = run(frames)

    assert len(result.picks) == 1
    assert result.picks[0].crops[0].jpeg


def test_the_reason_says_when_nothing_was_good(run) -> None:  # noqa: ANN001
    """An all-black video says so, to people and to programs."""
    result = run(pictures.black(50))

    assert "black" in result.picks[0].reasons
    assert "black" in result.note


def test_a_grey_ground_is_not_called_damage(run) -> None:  # noqa: ANN001
    """A decoder fills with that grey what it lacks, and designers use it too."""
    ground = np.full((180, 320, 3), 130, np.uint8)
    frames = []
    for number in range(50):
        frame = ground.copy()
        frame[60:120, 40 + number : 140 + number] = cv2.resize(BIKES[number % len(BIKES)], (100, 60))
        frames.append(frame)

    assert "damaged" not in run(frames).note


def test_the_note_says_once_that_crops_are_small(run) -> None:  # noqa: ANN001
    """Whatever the number of picks; a crop is never enlarged."""
    result = run([*BIKES, *BUNNY], Options(count=2, aspects=("16:9", "9:16")))

    assert len(result.picks) == 2
    assert result.note == "the crop to 9:16 is only 101 px wide: the video is 320x180 px"
    assert result.picks[0].crops[1].width_px == 101


def test_a_crop_keeps_a_figure_from_behind_rather_than_the_middle(run) -> None:  # noqa: ANN001
    """The network that ships finds it, though no face is there."""
    wall = pictures.solid((200, 195, 185), 1, size=(640, 360))[0]
    result = run(
        [pictures.figure_from_behind(wall, 500 + number // 4, 300) for number in range(40)],
        Options(count=1, aspects=("9:16",)),
    )
    box = result.picks[0].crops[0].box

    assert box.left <= 470
    assert box.right >= 530


@pytest.mark.parametrize("is_first_captioned", [True, False])
def test_the_pick_has_no_caption_where_half_of_the_frames_have_none(run, *, is_first_captioned: bool) -> None:  # noqa: ANN001
    """Whichever half it is; both show the same, forth and back, and the one without is a little dim."""
    there = BIKES[20:]
    captioned = [pictures.written(rgb, "And then they rode on", (40, 140), 22) for rgb in there]
    dim = [(rgb * 0.7).astype(np.uint8) for rgb in there]
    halves = [*captioned, *dim[::-1]] if is_first_captioned else [*dim, *captioned[::-1]]
    (pick,) = run(halves, Options(count=1)).picks

    assert (pick.time_s > len(there) / 25) is is_first_captioned


def test_the_time_of_a_pick_seeks_back_to_its_picture(run, decoder: Decoder) -> None:  # noqa: ANN001
    """A platform that is told the time shows the same frame."""
    result = run([*BIKES, *BUNNY], Options(count=2, aspects=("source",)))

    for pick in result.picks:
        [again] = decoder.take_stills(result.video, [pick.time_s], [None], refine=False)
        picture = np.asarray(Image.open(io.BytesIO(pick.crops[0].jpeg)))
        assert again.time_s == pick.time_s
        assert np.abs(again.rgb.astype(int) - picture).mean() < 3


def test_every_asked_ratio_is_cut(run) -> None:  # noqa: ANN001
    """In the order asked, in sRGB, with boxes inside the still."""
    aspects = ("16:9", "9:16", "1:1", "4:5", "source")

    [pick] = run(BIKES, Options(count=1, aspects=aspects)).picks

    assert tuple(crop.aspect for crop in pick.crops) == aspects
    for crop in pick.crops:
        picture = Image.open(io.BytesIO(crop.jpeg))
        assert picture.size == (crop.width_px, crop.height_px)
        assert picture.info["icc_profile"]
        assert 0 <= crop.box.left < crop.box.right <= pick.still_width_px
        assert 0 <= crop.box.top < crop.box.bottom <= pick.still_height_px
    ratios = [crop.width_px / crop.height_px for crop in pick.crops]
    assert ratios == pytest.approx([16 / 9, 9 / 16, 1, 4 / 5, 16 / 9], rel=0.02)


def test_the_same_file_gives_the_same_result(models: Models, decoder: Decoder, bikes_clip: Path) -> None:
    """Times, scores and bytes are equal from run to run."""
    first, second = (pick_thumbnails(bikes_clip, Options(), models, decoder) for _ in range(2))

    assert first.picks == second.picks


def test_candidates_that_lost_say_why(run) -> None:  # noqa: ANN001
    """Picks and losers together are the filmstrip; the black ones lost for being black."""
    result = run([*pictures.black(25), *BIKES], Options(count=1))

    assert all(loser.why for loser in result.losers)
    dark = [loser for loser in result.losers if loser.candidate.time_s < 0.8]
    assert dark
    assert all("black" in loser.why for loser in dark)


def test_progress_goes_through_every_stage(models: Models, decoder: Decoder, bikes_clip: Path) -> None:
    """A caller can show what is happening."""
    heard: list[tuple[str, float]] = []

    pick_thumbnails(bikes_clip, Options(), models, decoder, lambda *progress: heard.append(progress))

    assert list(dict.fromkeys(stage for stage, _ in heard)) == ["probe", "scan", "score", "pick", "stills"]
    assert all(0.0 <= fraction <= 1.0 for _, fraction in heard)


def test_a_damaged_file_does_not_stop_the_next(models: Models, decoder: Decoder, tmp_path: Path) -> None:
    """One decoder serves many videos, good and bad."""
    bad = clips.cut_short(clips.write_plain(tmp_path / "bad.mp4"))
    good = clips.write(tmp_path / "good.mp4", BIKES)

    with pytest.raises(UnreadableVideo, match=r"bad\.mp4"):
        pick_thumbnails(bad, Options(), models, decoder)

    assert pick_thumbnails(good, Options(), models, decoder).picks


def test_a_neighbour_does_not_stand_in_for_a_pick_that_is_avoided_now(
    models: Models, decoder: Decoder, bikes_clip: Path
) -> None:
    """It may look much the same, and be worse; nobody has picked it."""
    one = Options(count=1)
    best = pick_thumbnails(bikes_clip, one, models, decoder).chosen[0].candidate
    elsewhere = replace(one, avoid=parse_time_ranges([f"{best.time_s - 0.01:.3f}-{best.time_s + 0.01:.3f}"]))
    earlier = [EarlierPick(best.rgb, (best.time_s,))]

    again = pick_thumbnails(bikes_clip, elsewhere, models, decoder, earlier=earlier)
    fresh = pick_thumbnails(bikes_clip, elsewhere, models, decoder)

    assert [pick.time_s for pick in again.picks] == [pick.time_s for pick in fresh.picks]
    assert "kept" not in again.picks[0].reasons
