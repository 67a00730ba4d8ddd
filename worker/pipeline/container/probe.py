"""What is this file? Answered from the container and the first frames, before the costly work.

Bombs are refused here: a claimed duration, picture size or number of streams beyond the limits is an
error before the video is decoded. So is a file that ends long before its own end.
"""

from __future__ import annotations

import itertools
import re
import statistics
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from worker.errors import UnreadableVideo, VideoTooLarge
from worker.pipeline.container.clock import Clock
from worker.pipeline.container.open_container import no_picture, open_container
from worker.pipeline.container.packets import decode_packets, packets_of, seek
from worker.pipeline.container.seek_check import check_seeks
from worker.pipeline.container.streams import video_stream
from worker.pipeline.display.colour import TRANSFER_FUNCTIONS
from worker.pipeline.display.display import square_size
from worker.pipeline.media import TransferFunction, Video

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Enough packets to see whether frame spacing varies.
VFR_PACKETS = 240
# Spacing that differs from the median by more than this share is VFR; less is rounding of the time base.
VFR_TOLERANCE = 0.4

# A file whose last packet lies before this share of its stated duration was cut short.
COMPLETE_SHARE = 0.9
# Below this, a missing tail says nothing: one long last frame can be as long.
MIN_CHECKED_DURATION_S = 2.0

_SQUARE = Fraction(1)
# No camera and no broadcast standard stretches samples further; such a flag is damage.
MAX_SAMPLE_ASPECT = 4

# The tag in which Matroska keeps the end of a stream, e.g. "00:01:02.500000000".
_MATROSKA_DURATION = re.compile(r"(\d+):(\d\d):(\d\d\.?\d*)")

# Sample entries of encrypted MP4 (ISO/IEC 23001-7).
_ENCRYPTED_TAGS = {"encv", "drmi"}


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """The largest video that is looked at."""

    duration_s: float = 6 * 3600
    pixels: int = 8192 * 4320  #: of one frame, as stored and as shown
    streams: int = 32


DEFAULT_LIMITS = VideoLimits()


def probe(path: Path, limits: VideoLimits = DEFAULT_LIMITS) -> Video:
    """Read the facts of a video file.

    Raises:
        UnreadableVideo: not a video, audio only, damaged, cut short, encrypted, or without a picture.
        VideoTooLarge: beyond `limits`.
    """
    with open_container(path) as container:
        stream = _readable_stream(container, path)
        _refuse_bombs(container, stream, path, limits)
        duration_s = _duration_s(container, stream, path)
        is_vfr = _is_vfr(container, stream)
        frame = _first_frame(container, stream, path)
        video = _describe(path, container, stream, frame, duration_s=duration_s, is_vfr=is_vfr)
        if video.width_px * video.height_px > limits.pixels:
            raise _too_many_pixels(path, video.width_px, video.height_px, limits)
    return check_seeks(video)


def _readable_stream(container: InputContainer, path: Path) -> VideoStream:
    stream = video_stream(container)
    if stream.codec_context is None:
        raise UnreadableVideo(
            f"{path.name}: its codec is unknown here (export it as H.264, HEVC, VP9 or AV1)"
        )
    if stream.codec_context.codec_tag in _ENCRYPTED_TAGS:
        raise UnreadableVideo(f"{path.name}: the video is encrypted (DRM); send the unprotected file")
    return stream


def _refuse_bombs(container: InputContainer, stream: VideoStream, path: Path, limits: VideoLimits) -> None:
    if len(container.streams) > limits.streams:
        raise VideoTooLarge(
            f"{path.name}: {len(container.streams)} streams, the limit is {limits.streams} "
            "(keep one video and one audio stream)"
        )
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > limits.pixels:
        raise _too_many_pixels(path, width, height, limits)
    _refuse_length(_stated_duration_s(container, stream), path, limits)


def _refuse_length(duration_s: float | None, path: Path, limits: VideoLimits) -> None:
    if duration_s is not None and duration_s > limits.duration_s:
        raise VideoTooLarge(
            f"{path.name}: {duration_s / 3600:.1f} h long, the limit is {limits.duration_s / 3600:.0f} h "
            "(cut it into shorter parts)"
        )


def _too_many_pixels(path: Path, width: int, height: int, limits: VideoLimits) -> VideoTooLarge:
    return VideoTooLarge(
        f"{path.name}: {width}x{height} is {width * height / 1e6:.0f} megapixels, "
        f"the limit is {limits.pixels / 1e6:.0f} (send a smaller rendition)"
    )


def _stated_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Read what the container claims, in seconds from its start; None where it claims nothing."""
    picture_s = _picture_end_s(container, stream)
    if picture_s is None and container.duration is not None:
        return container.duration / av.time_base
    return picture_s


def _picture_end_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Read where the picture ends by the container's word, in seconds; the sound may go on for longer."""
    if stream.duration is not None:
        return Clock.of(container, stream).time_s((stream.start_time or 0) + stream.duration)
    if tag := _MATROSKA_DURATION.fullmatch(stream.metadata.get("DURATION", "")):
        hours, minutes, seconds = (float(part) for part in tag.groups())
        return hours * 3600 + minutes * 60 + seconds - float(Clock.of(container, stream).origin)
    return None


def _duration_s(container: InputContainer, stream: VideoStream, path: Path) -> float:
    """Find the end of the picture; where nothing is stated, by reading every packet (without decoding)."""
    stated = _stated_duration_s(container, stream)
    if stated is None or stated <= 0:
        return max(_packet_ends_s(container, stream), default=0.0)
    # A file that was cut short still states its whole length; so look whether packets stand near its end.
    if stated >= MIN_CHECKED_DURATION_S:
        clock = Clock.of(container, stream)
        seek(container, stream, clock.pts(stated))
        last_s = max(_packet_ends_s(container, stream), default=0.0)
        if last_s < COMPLETE_SHARE * stated and _picture_end_s(container, stream) is not None:
            raise UnreadableVideo(
                f"{path.name}: ends at {last_s:.1f} s of {stated:.1f} s, so it was cut short "
                "(copy or download the whole file again)"
            )
    return stated


def _packet_ends_s(container: InputContainer, stream: VideoStream) -> Iterator[float]:
    clock = Clock.of(container, stream)
    for packet in packets_of(container, stream):
        if packet.pts is not None and packet.size > 0:
            yield clock.time_s(packet.pts + (packet.duration or 0))


def _is_vfr(container: InputContainer, stream: VideoStream) -> bool:
    """Tell whether the spacing of the first frames varies."""
    # Packets, not frames: their stamps say the same, and nothing has to be decoded.
    container.seek(0)
    packets = itertools.islice(packets_of(container, stream), VFR_PACKETS)
    # Packets come in decoding order; the last ones may still lack a neighbour, so they are left out.
    stamps = sorted(packet.pts for packet in packets if packet.pts is not None)[:-8]
    gaps = [after - before for before, after in itertools.pairwise(stamps)]
    if len(gaps) < 2:  # noqa: PLR2004 - one gap cannot vary
        return False
    middle = statistics.median(gaps)
    # A tick of slack: 1/30 s in milliseconds is 33 or 34.
    return any(abs(gap - middle) > VFR_TOLERANCE * middle + 1 for gap in gaps)


def _first_frame(container: InputContainer, stream: VideoStream, path: Path) -> VideoFrame:
    container.seek(0)
    try:
        frame = next(decode_packets(packets_of(container, stream)), None)
    except UnreadableVideo as exc:
        raise UnreadableVideo(f"{path.name}: {exc}") from exc
    if frame is None:
        raise no_picture(path)
    return frame


def _describe(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    frame: VideoFrame,
    *,
    duration_s: float,
    is_vfr: bool,
) -> Video:
    aspect = stream.sample_aspect_ratio or _SQUARE
    if max(aspect, 1 / aspect) > MAX_SAMPLE_ASPECT:
        aspect = _SQUARE
    width, height = square_size(frame.width, frame.height, aspect)
    # PyAV counts counter-clockwise, from FFmpeg's display matrix.
    rotation_deg = -round(frame.rotation / 90) * 90 % 360
    if rotation_deg % 180:
        width, height = height, width
    start_s = Clock.of(container, stream).time_s(frame.pts or 0)
    return Video(
        path=path,
        duration_s=max(duration_s, start_s),
        width_px=width,
        height_px=height,
        rotation_deg=rotation_deg,
        sample_aspect_ratio=aspect,
        frame_rate=stream.average_rate,
        is_vfr=is_vfr,
        is_interlaced=bool(frame.interlaced_frame),
        transfer=TRANSFER_FUNCTIONS.get(int(frame.color_trc), TransferFunction.SDR),
        codec=stream.codec_context.name,
        start_s=start_s,
    )
