"""Where data is lost, every frame up to the next keyframe lacks something, and none of them is picked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, stamped
from tests.support.media.clips import Format
from worker.pipeline.container.open_video import open_video
from worker.pipeline.container.probe import probe
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

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

    corrupt = {one.time_s for one in candidates if one.cues.corruption == 1.0}
    assert {one.time_s for one in candidates if 1.5 < one.time_s < 1.9} <= corrupt
    assert not [time_s for time_s in corrupt if time_s < 1.3 or time_s >= 2.0]


def test_a_broken_keyframe_spoils_its_group(plain: Path) -> None:
    """All that follows refers to it."""
    candidates = scan(probe(without(plain, time_s=2.0))).candidates

    whole = [one.time_s for one in candidates if not one.cues.corruption]
    assert whole
    assert not [time_s for time_s in whole if 2.0 <= time_s < 3.0]


def test_a_whole_file_has_no_corrupt_frame(plain: Path) -> None:
    """In any of its groups."""
    assert not [one for one in scan(probe(plain)).candidates if one.cues.corruption]


def test_a_still_is_not_moved_into_the_damage(plain: Path) -> None:
    """However sharp and still the smear is."""
    video = probe(without(plain, time_s=1.4))

    (still,) = take_stills(video, [1.34])

    assert still.time_s < 1.4
