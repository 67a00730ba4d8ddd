"""Where data is lost, every frame up to the next keyframe lacks something, and none of them is picked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.media import clips, stamped
from tests.support.media.clips import Format
from worker.pipeline.container.open_video import open_video
from worker.pipeline.container.probe import probe
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    from av.packet import Packet
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

GOP_S = 1.0
TS_PACKET_BYTES = 188
FORM = Format(gop=25, options={"bf": "0", "x264-params": "scenecut=0"})


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Four groups of pictures, of one second each."""
    return clips.write(tmp_path / "a.ts", stamped.film(100), FORM)


def place_of(path: Path, time_s: float) -> int:
    """The first byte of the picture that is shown at a moment."""
    with open_video(probe(path)) as opened:
        return next(
            packet.pos
            for packet in opened.packets()
            if packet.pos is not None and opened.time_s(packet) >= time_s
        )


def without(path: Path, time_s: float) -> Path:
    """The recording, of which a receiver lost a packet of the picture that is shown at a moment."""
    content = path.read_bytes()
    at = place_of(path, time_s) + TS_PACKET_BYTES
    path.write_bytes(content[:at] + content[at + TS_PACKET_BYTES :])
    return path


def test_frames_behind_a_loss_are_corrupt_until_the_next_keyframe(plain: Path) -> None:
    """Those before it and from the keyframe on are whole."""
    candidates = scan(probe(without(plain, time_s=1.4))).candidates

    corrupt = {one.time_s for one in candidates if one.cues.data_loss}
    assert {one.time_s for one in candidates if 1.5 < one.time_s < 1.9} <= corrupt
    assert not [time_s for time_s in corrupt if time_s < 1.3 or time_s >= 2.0]


def test_a_broken_keyframe_spoils_its_group(plain: Path) -> None:
    """All that follows refers to it."""
    candidates = scan(probe(without(plain, time_s=2.0))).candidates

    whole = [one.time_s for one in candidates if not one.cues.data_loss]
    assert whole
    assert not [time_s for time_s in whole if 2.0 <= time_s < 3.0]


def test_a_whole_file_has_no_corrupt_frame(plain: Path) -> None:
    """In any of its groups."""
    assert not [one for one in scan(probe(plain)).candidates if one.cues.data_loss]


def test_a_still_is_not_moved_into_the_damage(plain: Path) -> None:
    """However sharp and still the smear is."""
    video = probe(without(plain, time_s=1.4))

    (still,) = take_stills(video, [1.34])

    assert still.time_s < 1.4


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_frame_made_from_a_broken_one_is_corrupt_though_it_is_shown_before(
    tmp_path: Path, name: str
) -> None:
    """B frames refer to what is shown after them."""
    form = Format(gop=25, options={"bf": "3", "x264-params": "scenecut=0:b-adapt=0"})
    path = clips.write(tmp_path / name, stamped.film(100), form)
    whole = decoded(path)
    content = bytearray(path.read_bytes())
    broken = next(
        packet
        for packet in packets(path)
        if packet.pts is not None and packet.pts * packet.time_base >= 1.4 and not packet.is_disposable
    )
    half = len(bytes(broken)) // 2
    at = content.index(bytes(broken)) + half
    content[at : at + half] = bytes(half)
    path.write_bytes(content)

    got = decoded(path)

    wrong = {at_s for at_s, (luma, _) in got.items() if np.abs(luma - whole[at_s][0]).mean() > 1}
    assert wrong
    assert wrong <= {at_s for at_s, (_, is_damaged) in got.items() if is_damaged}
    assert not [at_s for at_s, (_, is_damaged) in got.items() if is_damaged and not 1.0 <= at_s < 2.0]


def test_segments_that_were_joined_are_whole(tmp_path: Path) -> None:
    """Each came from a muxer of its own, so the counters of MPEG-TS begin anew."""
    path = tmp_path / "joined.ts"
    segments = [
        clips.write(tmp_path / f"{n}.ts", stamped.film(50, start=50 * n), FORM, start_s=2.0 * n)
        for n in range(3)
    ]
    path.write_bytes(b"".join(segment.read_bytes() for segment in segments))

    assert not [one for one in scan(probe(path)).candidates if one.cues.data_loss]


def packets(path: Path) -> list[Packet[VideoStream]]:
    """All packets of the picture."""
    with open_video(probe(path)) as opened:
        return [packet for packet in opened.packets() if packet.size]


def decoded(path: Path) -> dict[float, tuple[NDArray[np.int16], bool]]:
    """The luma of every frame, and whether it is marked, by its time."""
    with open_video(probe(path)) as opened:
        opened.stream.codec_context.thread_count = 1
        return {
            opened.time_s(frame): (
                frame.to_ndarray(format="gray").astype(np.int16),
                frame.opaque is not None,
            )
            for frame in opened.decode(opened.packets())
        }
