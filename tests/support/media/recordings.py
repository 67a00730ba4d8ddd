"""Writes what recorders and careless tools leave: joined time stamps, broken beginnings, several pictures."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.packet import Packet

from tests.support.media import clips, pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.pipeline.frames import Rgb

TS_PACKET = 188  # bytes
RATE = Fraction(25)
# Begins like a picture of H.264 that refers to others, or a muxer would not take it.
_GARBAGE = b"\0\0\0\1\x41" + bytes(range(7, 247)) * 4


@dataclass(frozen=True)
class JoinedPart:
    """One recording among several that are joined."""

    start_s: float  #: its first time stamp
    frames: int = 50
    audio_s: float = 0.0  #: a tone from second 0 on


def join(path: Path, parts: Sequence[JoinedPart], form: clips.Format = clips.PLAIN) -> Path:
    """Write recordings one behind the other, whatever their stamps; frames are numbered through all."""
    firsts = np.cumsum([0, *(part.frames for part in parts)])
    content = b""
    for part, (first, end) in zip(parts, pairwise(firsts), strict=True):
        frames = pictures.numbered(int(end - first), first=int(first))
        piece = path.with_name(f"part{first}{path.suffix}")
        content += clips.write(piece, frames, form, start_s=part.start_s, audio_s=part.audio_s).read_bytes()
    path.write_bytes(content)
    return path


def without_start(path: Path, share: float) -> Path:
    """Cut away the first share of an MPEG-TS, as a recorder that is switched on in the middle does."""
    content = path.read_bytes()
    path.write_bytes(content[int(len(content) * share) // TS_PACKET * TS_PACKET :])
    return path


def repacked(path: Path, source: Path, change: Callable[[int, Packet[Any]], Packet[Any] | None]) -> Path:
    """Copy the picture of a file packet by packet.

    Args:
        path: where to write; returned.
        source: what to copy.
        change: gets the number of each packet and the packet; returns what to write, or None to leave it out.
    """
    with av.open(source) as container, av.open(path, "w") as output:
        stream = container.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for number, packet in enumerate(p for p in container.demux(stream) if p.size):
            if (changed := change(number, packet)) is not None:
                changed.stream = copy
                output.mux(changed)
    return path


def garbled(packet: Packet[Any], *, is_keyframe: bool = False) -> Packet[Any]:
    """Make a packet of no sense at the place of another."""
    broken: Packet[Any] = Packet(_GARBAGE)
    broken.pts, broken.dts, broken.time_base = packet.pts, packet.dts, packet.time_base
    broken.is_keyframe = is_keyframe
    return broken


@dataclass(frozen=True)
class Film:
    """One picture among the several of a file."""

    frames: Sequence[Rgb]
    codec: str = "libx264"
    is_default: bool = True
    is_garbled: bool = False  #: looks whole, but cannot be decoded


def several_streams(path: Path, films: Sequence[Film], audio_s: float = 0.0) -> Path:
    """Write several pictures as streams of one file, in this order."""
    # Sound stands beside its picture, however much of it is written first.
    with av.open(path, "w", container_options={"max_interleave_delta": "0"}) as container:
        streams = [_add(container, film) for film in films]
        if audio_s:
            clips.write_tone(container, audio_s)
        for film, stream in zip(films, streams, strict=True):
            for packet in _encoded(film, stream):
                container.mux(packet)
    return path


def _add(container: av.container.OutputContainer, film: Film) -> av.VideoStream:
    stream = container.add_stream(film.codec, rate=RATE)
    height, width = film.frames[0].shape[:2]
    stream.width, stream.height = width, height
    stream.pix_fmt = "yuvj420p" if film.codec == "mjpeg" else "yuv420p"
    stream.disposition = av.stream.Disposition.default if film.is_default else av.stream.Disposition(0)
    return stream


def _encoded(film: Film, stream: av.VideoStream) -> list[Packet[Any]]:
    packets: list[Packet[Any]] = []
    for number, rgb in enumerate(film.frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24").reformat(format=stream.pix_fmt)
        frame.pts, frame.time_base = number, 1 / RATE
        packets += stream.encode(frame)
    packets += stream.encode()
    if not film.is_garbled:
        return packets
    broken = [garbled(packet, is_keyframe=packet.is_keyframe) for packet in packets]
    for packet in broken:
        packet.stream = stream
    return broken
