"""Files whose time stamps jump are picked from at the times that a player plays."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, pictures, recordings
from tests.support.media.recordings import JoinedPart
from worker.errors import VideoTooLarge
from worker.pipeline.container import joined_parts
from worker.pipeline.container.probe import probe
from worker.pipeline.media import VideoLimits
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.media import Video

DAY_S = 2**33 / 90_000  # where the stamps of MPEG begin anew

JUMPS = {
    "forward": [JoinedPart(1.0), JoinedPart(5000.0)],
    "back": [JoinedPart(5000.0), JoinedPart(1.0)],
    "back a little": [JoinedPart(30.0), JoinedPart(10.0)],
    "the same again": [JoinedPart(1.0), JoinedPart(1.0)],
    "forward and back": [JoinedPart(100.0), JoinedPart(7000.0), JoinedPart(3.0)],
    "twice back": [JoinedPart(9000.0), JoinedPart(500.0), JoinedPart(20.0)],
    "a slip of one stamp": [JoinedPart(1.0), JoinedPart(5000.0, frames=1), JoinedPart(3.04)],
}


def check_every_moment(video: Video) -> None:
    """Fail unless each candidate and each still shows the frame that is played then, in all parts."""
    times_s = [one.time_s for one in scan(video).candidates]
    stills = take_stills(video, times_s, refine=False)

    assert [pictures.read_number(still.rgb) for still in stills] == [round(one * 25) for one in times_s]
    assert [still.time_s for still in stills] == pytest.approx(times_s)
    assert {int(time_s) for time_s in times_s} >= set(range(int(video.duration_s)))


@pytest.mark.parametrize("name", JUMPS)
def test_picks_come_from_all_parts_at_played_times(tmp_path: Path, name: str) -> None:
    """A player plays one part after the other, whatever their stamps are."""
    path = recordings.join(tmp_path / "joined.ts", JUMPS[name])

    video = probe(path)

    assert video.duration_s == pytest.approx(sum(part.frames for part in JUMPS[name]) / 25, abs=0.05)
    check_every_moment(video)


def test_joined_program_streams_are_played_to_their_end(tmp_path: Path) -> None:
    """DVD recorders start the clock anew in each title."""
    form = clips.Format(codec="mpeg2video")
    path = recordings.join(tmp_path / "joined.mpg", [JoinedPart(0.0), JoinedPart(0.0), JoinedPart(0.0)], form)

    video = probe(path)

    assert video.duration_s == pytest.approx(6.0, abs=0.05)
    check_every_moment(video)


def test_a_long_joined_file_is_sampled_in_all_parts(tmp_path: Path) -> None:
    """The plan for long videos counts played time too."""
    form = clips.Format(rate=Fraction(10), gop=10)
    path = recordings.join(
        tmp_path / "long.ts", [JoinedPart(900.0, 320), JoinedPart(9000.0, 320), JoinedPart(4.0, 320)], form
    )

    video = probe(path)
    found = scan(video)

    assert video.duration_s == pytest.approx(96.0, abs=0.1)
    assert found.is_sampled
    assert {int(one.time_s / 8) for one in found.candidates} == set(range(12))
    some = found.candidates[::20]
    stills = take_stills(video, [one.time_s for one in some], refine=False)
    assert [pictures.read_number(still.rgb) for still in stills] == [round(one.time_s * 10) for one in some]


def test_a_large_joined_file_is_found_by_a_look_at_some_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only then is it read; an even one is not."""
    joined = recordings.join(
        tmp_path / "joined.ts", [JoinedPart(100.0, 200), JoinedPart(7000.0, 200), JoinedPart(3.0, 200)]
    )
    even = recordings.join(tmp_path / "even.ts", [JoinedPart(100.0, 600)])
    monkeypatch.setattr(joined_parts, "SMALL_BYTES", 0)

    assert probe(joined).duration_s == pytest.approx(24.0, abs=0.05)
    monkeypatch.setattr(joined_parts, "_read", None)  # would fail if it were called
    assert probe(even).duration_s == pytest.approx(24.0, abs=0.05)


def test_a_part_that_starts_in_the_middle_shows_no_mixture(tmp_path: Path) -> None:
    """Its first frames refer to pictures that were cut away, not to those of the part before."""
    form = clips.Format(gop=30)
    whole = recordings.join(tmp_path / "a.ts", [JoinedPart(500.0, 60)], form)
    headless = clips.write(tmp_path / "b.ts", pictures.numbered(90, first=1000), form, start_s=3.0)
    path = tmp_path / "joined.ts"
    path.write_bytes(whole.read_bytes() + recordings.without_start(headless, 0.15).read_bytes())

    video = probe(path)
    stills = take_stills(video, [one.time_s for one in scan(video).candidates], refine=False)

    shown = {pictures.read_number(still.rgb) for still in stills}
    assert shown <= {*range(60), *range(1030, 1090)}
    assert shown & {*range(1030, 1090)}


def test_a_frozen_picture_stays_where_the_sound_goes_on(tmp_path: Path) -> None:
    """A camera that hangs for 28 seconds is no jump of the clock."""
    times_s = [*(n / 25 for n in range(25)), *(29 + n / 25 for n in range(25))]
    form = clips.Format(muxer_options={"max_interleave_delta": "0"})  # sound stands beside its picture
    path = clips.write(tmp_path / "frozen.ts", pictures.numbered(50), form, times_s=times_s, audio_s=30.0)

    video = probe(path)

    assert video.duration_s == pytest.approx(30.0, abs=0.1)
    assert pictures.read_number(take_stills(video, [29.43], refine=False)[0].rgb) == 35


def test_slides_without_sound_stay_as_long_as_they_are(tmp_path: Path) -> None:
    """Where all pictures stand 12 seconds apart, no gap is one."""
    times_s = [12.0 * n for n in range(6)]
    path = clips.write(tmp_path / "slides.ts", pictures.numbered(6), times_s=times_s)

    assert probe(path).duration_s >= 60.0


def test_a_clock_that_begins_anew_at_its_end_is_no_jump(tmp_path: Path) -> None:
    """MPEG counts to 26.5 hours, then from zero."""
    path = clips.write(tmp_path / "wrap.ts", pictures.numbered(50), start_s=DAY_S - 1.0)

    video = probe(path)

    assert video.joined is None
    assert video.duration_s == pytest.approx(2.0, abs=0.05)
    check_every_moment(video)


def test_what_plays_for_too_long_is_refused_by_played_time(tmp_path: Path) -> None:
    """The sentence names the time that it plays, not that of its stamps."""
    path = recordings.join(tmp_path / "joined.ts", [JoinedPart(5000.0), JoinedPart(1.0)])

    with pytest.raises(VideoTooLarge, match=r"the limit is"):
        probe(path, VideoLimits(duration_s=3.0))
    assert probe(path, VideoLimits(duration_s=5.0)).duration_s == pytest.approx(4.0, abs=0.05)
