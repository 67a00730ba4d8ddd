"""The rules of other pickers, stated anew for the benchmark, do what their projects' sources say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from tests.benchmarks.pickers import peer_hecate, peer_katna, peers, seed_method
from tests.support.media import clips
from tests.support.media.pictures import black, footage, solid
from worker.pipeline.scoring import clip_model
from worker.pipeline.scoring.clip_model import ClipModel
from worker.pipeline.scoring.inference.whole_frame import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.benchmarks.pickers.peer_frames import Frame
    from worker.pipeline.frames import Rgb

RATE = 25
RED, GREEN, BLUE = (200, 40, 40), (40, 200, 40), (40, 40, 200)


def _video(folder: Path, frames: Sequence[Rgb], *, gop: int = 12) -> Path:
    path = folder / "clip.mp4"
    clips.write(path, frames, clips.Format(gop=gop))
    return path


def _timed(frames: Sequence[Rgb], *, width_px: int = 160) -> list[Frame]:
    """Frames at our rate as the pickers see them."""
    size = (width_px, width_px * frames[0].shape[0] // frames[0].shape[1])
    return [
        (number / RATE, cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR))
        for number, rgb in enumerate(frames)
    ]


def _numbers(moments_s: Sequence[float]) -> list[int]:
    return [round(moment_s * RATE) for moment_s in moments_s]


def _shaken(rgb: Rgb, count: int) -> list[Rgb]:
    """A shot by an unsteady hand: a few pixels to and fro."""
    return [np.roll(rgb, 4 * (number % 3), axis=1) for number in range(count)]


@pytest.mark.parametrize(
    ("duration_s", "moment_s"),
    [
        (1, 0.001),
        (3.1, 0.001),
        (4, 3),
        (60, 3),
        (61, 9),
        (180, 9),
        (300, 30),
        (900, 60),
        (3600, 60),
        (10_800, 150),
    ],
)
def test_photoprism_goes_further_in_the_longer_a_video_is(duration_s: float, moment_s: float) -> None:
    """The table of its `preview.go`, at and between the limits."""
    assert peers.photoprism_moment_s(duration_s) == moment_s


def test_a_share_of_the_length_is_the_first_frame_from_there_on(tmp_path: Path) -> None:
    """As `ffmpeg -ss` does, which rounds up to a frame and never down."""
    video = _video(tmp_path, solid(RED, 50))
    assert peers.at_share(video, 0.0) == [0.0]
    assert peers.at_share(video, 0.5) == [1.0]
    assert peers.at_share(video, 0.51) == pytest.approx([1.04])


def test_mediacms_takes_another_moment_of_every_video_and_the_same_each_time(tmp_path: Path) -> None:
    """Random, yet the table comes out again."""
    one = _video(tmp_path, solid(RED, 250))
    other = one.rename(tmp_path / "other.mp4")
    moment = peers.mediacms(other)
    assert peers.mediacms(other) == moment
    assert peers.mediacms(other.rename(tmp_path / "third.mp4")) != moment


def test_jellyfin_sees_only_the_24_frames_from_a_tenth_on(tmp_path: Path) -> None:
    """Black there is what it takes, however much else there is."""
    frames = [*footage("bikes", 24), *black(26), *footage("bikes", 190, start=24)]
    assert 24 / RATE <= peers.jellyfin(_video(tmp_path, frames))[0] < 50 / RATE


def test_peertube_takes_what_most_of_the_50_frames_from_the_middle_look_like(tmp_path: Path) -> None:
    """Twenty red ones, then thirty blue ones: blue is nearer to their mean, green to that of all."""
    frames = solid(GREEN, 100) + solid(RED, 20) + solid(BLUE, 30) + solid(GREEN, 50)
    assert 120 / RATE <= peers.peertube(_video(tmp_path, frames))[0] < 150 / RATE


def test_ffmpegs_thumbnail_gives_one_frame_for_every_hundred(tmp_path: Path) -> None:
    """And of a video shorter than that, one all the same."""
    moments = peers.ffmpeg_thumbnail(_video(tmp_path, solid(RED, 100) + solid(BLUE, 60)))
    assert [int(moment * RATE) // 100 for moment in moments] == [0, 1]
    assert len(peers.ffmpeg_thumbnail(_video(tmp_path, solid(RED, 10)))) == 1


def test_immich_takes_the_second_look_where_there_is_one(tmp_path: Path) -> None:
    """It goes on from its first frame to the first that differs; a still video has only the first."""
    changing = _video(tmp_path, footage("bikes", 1) * 50 + footage("bigbuckbunny", 1) * 50, gop=25)
    assert peers.immich(changing)[0] >= 50 / RATE
    assert peers.immich(_video(tmp_path, solid(RED, 75), gop=25))[0] == 0.0


def test_ffmpegthumbnailer_takes_the_keyframe_after_a_tenth_in_whole_seconds(tmp_path: Path) -> None:
    """Of 25 s: 2 s, and the keyframe at 2.4 s; without any after that, the first frame."""
    frames = solid(RED, 25 * RATE)
    assert peers.ffmpegthumbnailer(_video(tmp_path, frames)) == pytest.approx([2.4])
    assert peers.ffmpegthumbnailer(_video(tmp_path, frames, gop=len(frames))) == [0.0]


def test_ffmpegthumbnailers_smart_choice_looks_like_most_of_the_frames_after_its_keyframe(
    tmp_path: Path,
) -> None:
    """The keyframe itself and four more are black, twenty-one are not."""
    frames = black(5) + footage("bikes", 60)
    assert peers.ffmpegthumbnailer(_video(tmp_path, frames)) == [0.0]
    assert 5 / RATE <= peers.ffmpegthumbnailer(_video(tmp_path, frames), smart=True)[0] <= 25 / RATE


def test_totem_goes_on_where_a_third_of_the_way_is_uniform(tmp_path: Path) -> None:
    """From a third to two thirds; where all is uniform it stays with the middle, the last it tries."""
    frames = footage("bikes", 20) + black(40) + footage("bikes", 30, start=60)
    assert peers.totem(_video(tmp_path, frames, gop=10))[0] == pytest.approx(60 / RATE)
    assert peers.totem(_video(tmp_path, black(90), gop=10))[0] == pytest.approx(40 / RATE)


def test_hecate_like_takes_no_dark_frame_however_still() -> None:
    """Stillness is what it ranks by, so the dark would win if it were not dropped."""
    before, after = footage("bikes", 60), footage("bigbuckbunny", 60)
    picks = _numbers(peer_hecate.pick(_timed(before + [before[0] // 16] * 18 + after)))
    assert picks
    assert all(number < 60 or number >= 78 for number in picks), picks


def test_hecate_like_takes_one_frame_of_each_shot() -> None:
    """The frames beside a cut are dropped, which is what divides the shots."""
    looks = [footage("bikes", 1), footage("bigbuckbunny", 1, start=100), footage("carphone_pristine", 1)]
    frames = [frame for (look,) in looks for frame in _shaken(look, 40)]
    picks = _numbers(peer_hecate.pick(_timed(frames)))
    assert sorted(number // 40 for number in picks) == [0, 1, 2], picks


def test_hecate_like_takes_the_stillest_frame_where_no_shot_is_long_enough() -> None:
    """A new picture every other frame leaves no shot; the three in the middle that are alike are still."""
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (90, 160, 3), np.uint8) for _ in range(9)]
    frames = [*noise[:4], *[noise[4]] * 3, *noise[5:]]
    assert peer_hecate.pick(_timed(frames)) == [5 / RATE]


def test_katna_like_picks_moments_of_change_one_for_each_look() -> None:
    """Four shots, of which the cuts are the only changes; it takes frames beside the cuts."""
    looks = [footage("bikes", 1), footage("bigbuckbunny", 1, start=100), footage("carphone_pristine", 1)]
    frames = [frame for look in (*looks, looks[0]) for frame in look * 40]
    picks = _numbers(peer_katna.pick(_timed(frames), 3))
    assert len(picks) == 3
    assert all(min(abs(number - cut) for cut in (40, 80, 120)) <= 2 for number in picks), picks


def test_katna_like_prefers_what_is_neither_dark_nor_plain() -> None:
    """Of six cuts, those that touch only black and a flat color come last, and are not needed."""
    looks = [footage("bikes", 1), footage("bigbuckbunny", 1, start=100), footage("carphone_pristine", 1)]
    plain = [frame for _ in range(3) for frame in black(30) + solid(RED, 30)]
    frames = plain + [frame for look in (*looks, *looks) for frame in look * 30]
    picks = _numbers(peer_katna.pick(_timed(frames), 3))
    assert len(picks) == 3
    assert all(number >= len(plain) - 1 for number in picks), picks


def test_katna_like_picks_nothing_where_nothing_changes() -> None:
    """No local maximum, no candidate."""
    assert peer_katna.pick(_timed(solid(RED, 60)), 3) == []


def test_every_peer_picks_a_moment_of_a_real_clip(tmp_path: Path) -> None:
    """At most three, each within the video."""
    video = _video(tmp_path, footage("bikes", 100) + footage("bigbuckbunny", 100))
    for name, peer in peers.PEERS.items():
        moments = peer(video)
        assert 1 <= len(moments) <= 3, name
        assert all(0 <= moment < 200 / RATE for moment in moments), name


class SquareEye:
    """Looks at squares, as most CLIPs do, and tells red from blue; good words are red, bad ones blue."""

    def requires_grad_(self, _wanted: bool) -> None:
        """Need no gradients."""

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor:
        """Embed texts: those of the longer list are bad."""
        is_bad = len(tokens) == len(seed_method.BAD)
        return torch.tensor([[0.0, 1.0] if is_bad else [1.0, 0.0]] * len(tokens))

    def encode_image(self, pictures: torch.Tensor) -> torch.Tensor:
        """Embed pictures: how red they are, and how blue."""
        return pictures.mean((2, 3))[:, [0, 2]] + 1e-3


def test_the_first_method_sees_the_right_end_of_a_wide_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """In several views, as our own model does; else it would be compared with one eye shut."""
    prepare = Preprocessing(8, 8, (0, 0, 0), (1, 1, 1), Image.Resampling.BILINEAR, is_squashed=False)
    model = ClipModel(SquareEye(), lambda texts: torch.zeros(len(texts), 4), prepare)
    monkeypatch.setattr(clip_model, "load_clip_model", lambda *_: model)
    scorer = seed_method.SeedScorer("square")
    blue = np.full((90, 160, 3), (255, 0, 0), np.uint8)
    red_at_the_right = blue.copy()
    red_at_the_right[:, 110:] = 0, 0, 255

    assert scorer.score(red_at_the_right) > scorer.score(blue) + 0.1
