"""Files whose time stamps or beginnings are unusual: joined, wrapped, cut in mid-GOP, of a variable rate."""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING

import av

from tests.support.media import clips, stamped
from tests.support.media.clips import Format
from tests.support.media.odd_files import raw
from tests.support.media.odd_files.kind import (
    GOOD_DELTA_E,
    OddFile,
    Truth,
    by_linear_decode,
    by_rate_or_decode,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PART = stamped.FRAMES  #: frames of each part of a joined recording
PART_S = PART / stamped.RATE
TS_PACKET_BYTES = 188
WRAP_S = 2**33 / 90_000  #: after which the clock of MPEG-TS begins anew
LONG_GOP, LONG_FRAMES = 240, 290
_JOINED = Format(gop=25, options={"bf": "0"})  # with B-frames, the muxer moves the parts apart by some frames
_X264_LONG = {"bf": "2", "x264-params": f"keyint={LONG_GOP}:min-keyint={LONG_GOP}:scenecut=0"}
SLIDES_EVERY_S = 8.0


def joined(path: Path, starts_s: Sequence[float]) -> None:
    """Write recordings that follow each other in the film, each with time stamps from its own start."""
    parts = []
    for number, start_s in enumerate(starts_s):
        part = path.with_name(f"part-{number}-{path.name}")
        clips.write(part, stamped.film(PART, start=number * PART), _JOINED, start_s=start_s)
        parts.append(part.read_bytes())
        part.unlink()
    path.write_bytes(b"".join(parts))


def times_of_joined(starts_s: Sequence[float]) -> Callable[[Path, int], tuple[float, ...]]:
    """Say when a frame is due: in played time, or by its own time stamp from where the file starts."""

    def times_s(_path: Path, number: int) -> tuple[float, ...]:
        part, step = divmod(number, PART)
        stamp_s = starts_s[part] + step / stamped.RATE
        return (number / stamped.RATE, stamp_s - starts_s[0], stamp_s - min(starts_s))

    return times_s


def from_mid_gop(path: Path) -> None:
    """Write a recording that starts so late in a long GOP that more than 100 pictures cannot be decoded."""
    clips.write(path, stamped.film(LONG_FRAMES), Format(options=_X264_LONG))
    content = path.read_bytes()
    with av.open(path) as container:
        after = [packet.pos for packet in container.demux(video=0) if packet.pts is not None][10]
    path.write_bytes(content[after // TS_PACKET_BYTES * TS_PACKET_BYTES :])


def from_open_gop(path: Path) -> None:
    """Write HEVC that starts at a CRA picture with pictures after it that need what came before."""
    whole = path.with_name(f"whole-{path.name}")
    params = "log-level=none:open-gop=1:bframes=3:keyint=25:min-keyint=25:scenecut=0"
    clips.write(whole, stamped.film(100), Format(codec="libx265", options={"x265-params": params}))
    seen = 0

    def late(packet: av.Packet) -> av.Packet | None:
        nonlocal seen
        seen += packet.is_keyframe
        return packet if seen >= 2 else None

    raw.copy(whole, path, change=late)
    whole.unlink()


def broken_start(path: Path) -> None:
    """Write a recording that is garbage up to its second keyframe, as after a lost connection."""
    whole = path.with_name(f"whole-{path.name}")
    clips.write(
        whole,
        stamped.film(LONG_FRAMES),
        Format(options={"x264-params": "keyint=230:min-keyint=230:scenecut=0"}),
    )
    seen = 0

    def damaged(packet: av.Packet) -> av.Packet | None:
        nonlocal seen
        seen += packet.is_keyframe
        return packet if seen >= 2 else raw.with_content(packet, b"\0\0\0\1\x41" + b"\x5a" * 40)

    raw.copy(whole, path, change=damaged)
    whole.unlink()


def edit_list(path: Path) -> None:
    """Write an MP4 whose edit list leaves out the first second."""
    clips.write(path, stamped.film(), Format(options={"bf": "0"}))
    content = bytearray(path.read_bytes())
    (units_per_s,) = struct.unpack_from(">I", content, content.index(b"mdhd") + 16)
    entry = content.index(b"elst") + 12
    duration_ms, at = struct.unpack_from(">Ii", content, entry)
    struct.pack_into(">Ii", content, entry, duration_ms - 1000, at + units_per_s)
    path.write_bytes(content)


def uneven(path: Path) -> None:
    """Write frames at uneven distances."""
    clips.write(path, stamped.film(), times_s=_uneven_s())


def _uneven_s() -> list[float]:
    times_s = [0.0]
    for number in range(stamped.FRAMES - 1):
        times_s.append(times_s[-1] + (1, 1, 3, 1, 2, 7)[number % 6] / stamped.RATE)
    return times_s


def slides(path: Path) -> None:
    """Write three pictures, each for some seconds."""
    clips.write(
        path,
        [stamped.frame(number) for number in (0, 1, 2)],
        times_s=[number * SLIDES_EVERY_S for number in range(3)],
    )


def plainly(path: Path, *, form: Format = clips.PLAIN, start_s: float = 0.0, audio_s: float = 0.0) -> None:
    """Write the film with a start, a sound or a muxer's options of its own."""
    clips.write(path, stamped.film(), form, start_s=start_s, audio_s=audio_s)


def at_offset(offset_s: float) -> Callable[[Path, int], tuple[float, ...]]:
    """Say that the film starts late."""
    return lambda _path, number: (number / stamped.RATE + offset_s,)


def all_keyframes(path: Path) -> None:
    """Write a file that calls every packet a keyframe."""
    plain = path.with_name(f"plain-{path.name}")
    clips.write(plain, stamped.film(), Format(gop=60))

    def marked(packet: av.Packet) -> av.Packet:
        packet.is_keyframe = True
        return packet

    raw.copy(plain, path, change=marked)
    plain.unlink()


def _muxed(**options: str) -> Mapping[str, Format]:
    return {"form": Format(muxer_options=options)}


_BACK, _FORWARD, _THREE, _SAME = (5000.0, 0.0), (0.0, 5000.0), (0.0, 5000.0, 200.0), (0.0, 0.0)
_LONG = Truth(frames=LONG_FRAMES, times_s=by_linear_decode)
_FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"

KINDS = (
    *(
        OddFile(
            f"joined ts, {name}",
            "time stamps",
            ".ts",
            partial(joined, starts_s=starts_s),
            Truth(frames=PART * len(starts_s), times_s=times_of_joined(starts_s)),
        )
        for name, starts_s in (
            ("back", _BACK),
            ("forward", _FORWARD),
            ("three parts", _THREE),
            ("the clock starts anew", _SAME),
        )
    ),
    OddFile("ts whose clock wraps", "time stamps", ".ts", partial(plainly, start_s=WRAP_S - 1.5)),
    OddFile("edit list", "time stamps", ".mp4", edit_list, Truth(times_s=at_offset(-1.0))),
    OddFile(
        "uneven distances, mp4",
        "time stamps",
        ".mp4",
        uneven,
        Truth(times_s=lambda _path, n: (_uneven_s()[n],)),
    ),
    OddFile(
        "uneven distances, mkv",
        "time stamps",
        ".mkv",
        uneven,
        Truth(times_s=lambda _path, n: (_uneven_s()[n],)),
    ),
    OddFile(
        "slides",
        "time stamps",
        ".mp4",
        slides,
        Truth(frames=3, times_s=lambda _path, n: (n * SLIDES_EVERY_S,)),
    ),
    OddFile(
        "picture starts late",
        "time stamps",
        ".mp4",
        partial(plainly, start_s=2.0, audio_s=5.0),
        Truth(times_s=at_offset(2.0)),
    ),
    OddFile("fragments", "time stamps", ".mp4", partial(plainly, **_muxed(movflags=_FRAGMENTS))),
    OddFile("without a duration, mkv", "time stamps", ".mkv", partial(plainly, form=clips.WITHOUT_DURATION)),
    OddFile(
        "B-frames in avi",
        "time stamps",
        ".avi",
        partial(plainly, form=Format(codec="mpeg4", options={"bf": "2", "b": "3000000"})),
        Truth(times_s=by_rate_or_decode, max_delta_e=2 * GOOD_DELTA_E),
    ),
    OddFile("starts in mid-GOP", "beginnings", ".ts", from_mid_gop, _LONG),
    OddFile(
        "starts at a CRA picture, mp4",
        "beginnings",
        ".mp4",
        from_open_gop,
        Truth(frames=100, times_s=by_linear_decode),
    ),
    OddFile(
        "starts at a CRA picture, ts",
        "beginnings",
        ".ts",
        from_open_gop,
        Truth(frames=100, times_s=by_linear_decode),
    ),
    OddFile("garbage before the first whole picture", "beginnings", ".ts", broken_start, _LONG),
    OddFile("every packet called a keyframe", "beginnings", ".mkv", all_keyframes),
)
