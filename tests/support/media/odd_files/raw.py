"""How unusual files are put together: coded pictures, copied packets, a tone."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from av.bitstream import BitStreamFilterContext

from tests.support.media import stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from av.container import InputContainer, OutputContainer
    from numpy.typing import NDArray

_AUDIO_RATE_HZ = 48_000
_AUDIO_FRAME = 1024  #: samples, where the encoder does not mind
_AUDIO_BITS_PER_S = 96_000


def planar(planes: Sequence[NDArray[np.uint16] | NDArray[np.uint8]], pix_fmt: str) -> av.VideoFrame:
    """Return a frame that holds just these samples, one array for each plane, (height, width)."""
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, pix_fmt)
    for plane, samples in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // samples.itemsize), samples.dtype)
        rows[:, : samples.shape[1]] = samples
        plane.update(rows.tobytes())
    return frame


def write_frames(
    path: Path,
    frames: Iterable[av.VideoFrame],
    codec: str,
    *,
    options: Mapping[str, str] | None = None,
    tags: tuple[int, int, int] = (2, 2, 2),
    is_full_range: bool | None = False,
    codec_tag: str | None = None,
    gop: int = 12,
) -> None:
    """Encode frames as they are, at the film's rate.

    Args:
        path: where to write.
        frames: of one size and format.
        codec: FFmpeg's name of the encoder.
        options: the encoder's own.
        tags: primaries, transfer and matrix, code points of ITU-T H.273.
        is_full_range: what the stream says of its range; None for nothing.
        codec_tag: four letters, where the container's usual ones do not serve.
        gop: frames between keyframes.
    """
    with av.open(path, "w") as container:
        stream = None
        for number, frame in enumerate(frames):
            if stream is None:
                stream = container.add_stream(codec, rate=stamped.RATE, options=dict(options or {}))
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
                context = stream.codec_context
                context.color_primaries, context.color_trc, context.colorspace = tags
                context.color_range = 0 if is_full_range is None else 2 if is_full_range else 1
                context.gop_size = gop
                if codec_tag:
                    stream.codec_tag = codec_tag
            frame.pts, frame.time_base = number, Fraction(1, stamped.RATE)
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode())


def copy(
    source: Path,
    target: Path,
    *,
    bitstream_filter: str = "",
    change: Callable[[av.Packet], av.Packet | None] = lambda packet: packet,
    metadata: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Copy the packets of a file's picture into a new file.

    Args:
        source: what is read.
        target: what is written; returned.
        bitstream_filter: FFmpeg's, with its options.
        change: may return another packet, or None to leave it out.
        metadata: of the stream.
        options: of the muxer.
    """
    with av.open(source) as reader, av.open(target, "w", container_options=dict(options or {})) as writer:
        stream = reader.streams.video[0]
        copied = writer.add_stream_from_template(stream)
        copied.metadata.update(metadata or {})
        bits = BitStreamFilterContext(bitstream_filter or "null", stream, copied)
        for packet in _packets(reader):
            if (changed := change(packet)) is not None:
                _mux(writer, copied, bits.filter(changed))
        _mux(writer, copied, bits.filter(None))
    return target


def with_content(packet: av.Packet, content: bytes) -> av.Packet:
    """Return a packet like another one, with other bytes."""
    changed = av.Packet(content)
    changed.pts, changed.dts, changed.duration = packet.pts, packet.dts, packet.duration
    changed.time_base, changed.is_keyframe = packet.time_base, packet.is_keyframe
    return changed


def _packets(reader: InputContainer) -> Iterator[av.Packet]:
    yield from (packet for packet in reader.demux(video=0) if packet.size)


def _mux(writer: OutputContainer, stream: av.stream.Stream, packets: Iterable[av.Packet]) -> None:
    for packet in packets:
        packet.stream = stream
        writer.mux(packet)


def add_tone(container: OutputContainer, seconds: float, codec: str) -> Callable[[], None]:
    """Add a stream of sound, and return what writes the sound."""
    stream = container.add_stream(codec, rate=_AUDIO_RATE_HZ, layout="mono")
    stream.codec_context.bit_rate = _AUDIO_BITS_PER_S

    def write() -> None:
        wave = (0.1 * np.sin(np.arange(round(seconds * _AUDIO_RATE_HZ)) / 17)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = _AUDIO_RATE_HZ, 0
        stream.codec_context.open(strict=False)  # the size of its frames is known from here on
        samples = stream.codec_context.frame_size or _AUDIO_FRAME
        fitted = av.AudioResampler(stream.format.name, "mono", _AUDIO_RATE_HZ, frame_size=samples)
        for part in [*fitted.resample(frame), *fitted.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode())

    return write
