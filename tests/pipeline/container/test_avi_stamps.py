"""In AVI, which keeps no time of showing, frames are shown one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.media import clips, recordings, stamped
from tests.support.media.clips import Format
from tests.support.media.odd_files.packed_mpeg4 import pack
from worker.pipeline.container.open_video import open_video
from worker.pipeline.container.probe import probe
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    from av.packet import Packet

    from worker.pipeline.media import Video

FRAMES = 75
LOST = 39  # the last packet before a keyframe
CODECS = {
    "H.264": Format(gop=25, options={"bf": "3", "x264-params": "scenecut=0"}),
    "MPEG-4": Format(codec="mpeg4", gop=12, options={"bf": "2", "b": "4M"}),
    "MPEG-4, packed": Format(codec="mpeg4", gop=12, options={"bf": "2", "b": "4M"}),
    "MPEG-2": Format(codec="mpeg2video", gop=12, options={"bf": "2", "b": "4M"}),
    "H.264 with open groups": Format(
        gop=12, options={"preset": "medium", "x264-params": "open-gop=1:bframes=3:b-adapt=0:scenecut=0"}
    ),
    "H.264 without B frames": Format(gop=25, options={"bf": "0"}),
}


@pytest.fixture(scope="module", params=CODECS)
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Video:
    """Three seconds of numbered frames."""
    folder = tmp_path_factory.mktemp("avi")
    path = clips.write(folder / "a.avi", stamped.film(FRAMES), CODECS[request.param])
    return probe(pack(folder / "packed.avi", path) if request.param.endswith("packed") else path)


def numbers_by_place(video: Video, seek_s: float | None = None) -> dict[int, int | None]:
    """Where frames are said to be, counted in frames, from the start or after a seek; and their numbers."""
    with open_video(video) as opened:
        if seek_s is not None:
            opened.seek(seek_s)
        return {
            round(opened.time_s(frame) * stamped.RATE): stamped.number_of(frame.to_ndarray(format="rgb24"))
            for frame in opened.decode(opened.packets())
        }


def test_frames_are_counted_from_the_start_and_from_keyframes(video: Video) -> None:
    """Also where pictures that are shown before the keyframe were not decoded."""
    everything = {number: number for number in range(FRAMES)}
    assert numbers_by_place(video) == everything

    for seek_s in (0.1, 0.6, 1.0, 1.5, 2.1, 2.5):
        found = numbers_by_place(video, seek_s)
        assert found
        assert found == {number: number for number in range(min(found), FRAMES)}


def test_nothing_hinders_seeks(video: Video) -> None:
    """A decode from the start of a film would take too long."""
    assert not video.is_linear
    assert not video.is_vfr


def test_each_frame_is_shown_at_its_place(video: Video) -> None:
    """To the frame, from the start and after seeks."""
    numbers = [3, 17, 26, 38, 49, 60, 71]

    stills = take_stills(video, [(number + 0.5) / stamped.RATE for number in numbers], refine=False)

    assert [stamped.number_of(still.rgb) for still in stills] == numbers


def test_candidates_say_when_they_are_shown(video: Video) -> None:
    """So that a player that seeks there shows the candidate."""
    for candidate in scan(video).candidates:
        (still,) = take_stills(video, [candidate.time_s + 0.001], refine=False)
        assert stamped.number_of(still.rgb) == round(candidate.time_s * stamped.RATE)


def test_a_damaged_packet_does_not_move_the_frames_behind_it(tmp_path: Path) -> None:
    """What cannot be decoded takes its time all the same."""
    path = clips.write(tmp_path / "a.avi", stamped.film(FRAMES), CODECS["H.264"])
    with open_video(probe(path)) as opened:
        found = [(packet.pos, packet.size) for packet in opened.packets() if packet.size]
    content = bytearray(path.read_bytes())
    at, size = found[12]
    content[at + 8 : at + 8 + size] = bytes(size)
    path.write_bytes(content)

    (still,) = take_stills(probe(path), [60.5 / stamped.RATE], refine=False)

    assert stamped.number_of(still.rgb) == 60


def test_a_lost_empty_packet_delays_nothing_behind_the_next_keyframe(tmp_path: Path) -> None:
    """In packed MPEG-4, a picture that is held back would else push all others on by one."""
    closed = {"bf": "2", "b": "4M", "flags": "+cgop", "sc_threshold": "1000000000"}
    form = Format(codec="mpeg4", gop=12, options=closed)
    whole = clips.write(tmp_path / "a.avi", stamped.film(FRAMES), form)
    packed = pack(tmp_path / "packed.avi", whole)

    def without_one(number: int, packet: Packet[Any]) -> Packet[Any] | None:
        return None if number == LOST else packet

    found = numbers_by_place(probe(recordings.repacked(tmp_path / "cut.avi", packed, without_one)))

    assert all(found[number] == number for number in found if number > LOST)
    assert len(found) > FRAMES - 6
