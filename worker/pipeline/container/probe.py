"""What is this file? Answered from the container and the first frames, before the costly work.

Bombs are refused here: a duration, picture size or number of streams beyond the limits is an error before
more than a frame is decoded.
"""

from __future__ import annotations

import itertools
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

from worker.errors import UnreadableVideo, VideoTooLarge
from worker.pipeline.container.clock import StreamClock
from worker.pipeline.container.geometry import geometry
from worker.pipeline.container.headers import dolby_vision
from worker.pipeline.container.headers.track_header import read_track_header
from worker.pipeline.container.joined_parts import find_joined_parts
from worker.pipeline.container.late_start import late_start_notes
from worker.pipeline.container.length import Length, measure_length, played_within
from worker.pipeline.container.open_container import no_picture, open_container
from worker.pipeline.container.open_video import OpenVideo
from worker.pipeline.container.seeking.seek_check import check_seeks
from worker.pipeline.container.streams import video_streams
from worker.pipeline.display.colour.colour_space import colour_notes, transfer_function
from worker.pipeline.media import DEFAULT_LIMITS, StatedColours, Video

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from worker.files.video_file import PieceStart
    from worker.pipeline.media import VideoLimits

# Enough packets to see whether frame spacing varies.
VFR_PACKETS = 240
# Spacing that differs from the median by more than this share is VFR; less is rounding of the time base.
VFR_TOLERANCE = 0.4


# Sample entries of encrypted MP4 (ISO/IEC 23001-7).
_ENCRYPTED_TAGS = {"encv", "drmi"}


def probe(
    path: Path,
    limits: VideoLimits = DEFAULT_LIMITS,
    begins_at_s: float = 0.0,
    *,
    is_assembled: bool = False,
    is_sparse: bool = False,
    pieces: tuple[PieceStart, ...] = (),
) -> Video:
    """Read the facts of a video file.

    Args:
        path: the file.
        limits: beyond which it is refused.
        begins_at_s: the moment of the whole video at which this file begins, where it is a later piece of an
            HLS stream. All times that are found in the file count from the start of the whole.
        is_assembled: the file was made of segments of a stream that are all there: it ends where its packets
            end, whatever length its first bytes state.
        is_sparse: only pieces of the video are in the file: where its time stamps jump, something was left
            out, and the times behind are right.
        pieces: where the pieces of a sparse file begin, where only their beginnings are looked at.

    Raises:
        UnreadableVideo: not a video, audio only, damaged, encrypted, without a picture, or cut short so that
            next to nothing is left.
        VideoTooLarge: beyond `limits`.
    """
    with open_container(path) as container:
        _refuse_streams(container, path, limits)
        stated = _stated_colours(container)
        stream, frame = _first_picture(container, path, limits)
        joined = None if is_sparse else find_joined_parts(container, stream, limits.duration_s)
        opened = OpenVideo(container, stream, StreamClock.of(container, stream, begins_at_s), joined)
        length = _length(opened, path, limits, begins_at_s, is_assembled=is_assembled)
        is_vfr = not is_sparse and _is_vfr(opened)
        if joined is not None:
            frame = _first_frame(opened, path)
        video = _describe(path, opened, frame, length, stated[stream.index], is_vfr=is_vfr)
        if video.width_px * video.height_px > limits.pixels:
            raise _too_many_pixels(path, video.width_px, video.height_px, limits)
        if not is_sparse:
            video = replace(video, notes=(*video.notes, *late_start_notes(opened, video.start_s)))
    return check_seeks(replace(video, begins_at_s=begins_at_s, pieces=pieces))


def _first_picture(
    container: InputContainer, path: Path, limits: VideoLimits
) -> tuple[VideoStream, VideoFrame]:
    """Find the best stream within the limits of which a frame can be decoded, and that frame.

    Raises:
        UnreadableVideo: there is none; the error is that of the best stream.
        VideoTooLarge: there is none, and the best stream has too many pixels.
    """
    errors: list[UnreadableVideo | VideoTooLarge] = []
    for stream in video_streams(container):
        try:
            _refuse_unreadable(stream, path)
            width, height = stream.codec_context.width, stream.codec_context.height
            if width * height > limits.pixels:
                raise _too_many_pixels(path, width, height, limits)
            return stream, _first_frame(OpenVideo(container, stream, StreamClock.of(container, stream)), path)
        except (UnreadableVideo, VideoTooLarge) as exc:
            errors.append(exc)
    raise errors[0]


def _refuse_unreadable(stream: VideoStream, path: Path) -> None:
    if stream.codec_context is None:
        raise UnreadableVideo(
            f"{path.name}: its codec is unknown here (export it as H.264, HEVC, VP9 or AV1)"
        )
    if stream.codec_context.codec_tag in _ENCRYPTED_TAGS:
        raise UnreadableVideo(f"{path.name}: the video is encrypted (DRM); send the unprotected file")


def _refuse_streams(container: InputContainer, path: Path, limits: VideoLimits) -> None:
    if len(container.streams) > limits.streams:
        raise VideoTooLarge(
            f"{path.name}: {len(container.streams)} streams, the limit is {limits.streams} "
            "(keep one video and one audio stream)"
        )


def _too_many_pixels(path: Path, width: int, height: int, limits: VideoLimits) -> VideoTooLarge:
    return VideoTooLarge(
        f"{path.name}: {width}x{height} is {width * height / 1e6:.0f} megapixels, "
        f"the limit is {limits.pixels / 1e6:.0f} (send a smaller rendition)"
    )


def _length(
    opened: OpenVideo, path: Path, limits: VideoLimits, begins_at_s: float, *, is_assembled: bool
) -> Length:
    """Find when the picture ends, on the clock of the whole video; refuse what plays for too long."""
    if opened.joined is not None:
        length = Length(opened.clock.time_s(opened.joined.ends_at))
    else:
        length = measure_length(opened.container, opened.stream, path, is_assembled=is_assembled)
        length = replace(length, end_s=begins_at_s + length.end_s)
    played_s = length.end_s - begins_at_s
    if played_s > limits.duration_s:
        played_s = played_within(opened.container, opened.stream, limits.duration_s)
    if played_s > limits.duration_s:
        raise VideoTooLarge(
            f"{path.name}: {played_s / 3600:.1f} h long, the limit is {limits.duration_s / 3600:.0f} h "
            "(cut it into shorter parts)"
        )
    return length


def _is_vfr(opened: OpenVideo) -> bool:
    """Tell whether the spacing of the first frames varies."""
    # Packets, not frames: their stamps say the same, and nothing has to be decoded.
    opened.rewind()
    packets = itertools.islice(opened.packets(), VFR_PACKETS)
    # Packets come in decoding order; the last ones may still lack a neighbour, so they are left out.
    stamps = sorted(packet.pts for packet in packets if packet.pts is not None)[:-8]
    gaps = [after - before for before, after in itertools.pairwise(stamps)]
    if len(gaps) < 2:  # noqa: PLR2004 - one gap cannot vary
        return False
    middle = statistics.median(gaps)
    # A tick of slack: 1/30 s in milliseconds is 33 or 34.
    return any(abs(gap - middle) > VFR_TOLERANCE * middle + 1 for gap in gaps)


def _first_frame(opened: OpenVideo, path: Path) -> VideoFrame:
    opened.rewind()
    try:
        frame = next(opened.decode(opened.packets()), None)
    except UnreadableVideo as exc:
        raise UnreadableVideo(f"{path.name}: {exc}") from exc
    if frame is None:
        raise no_picture(path)
    return frame


def _stated_colours(container: InputContainer) -> Mapping[int, StatedColours]:
    """Read what the container says of the colours of each stream, before a decoder overwrites it."""
    return {
        stream.index: StatedColours(
            context.color_primaries,
            context.color_trc,
            context.colorspace,
            is_opaque=context.name == "rawvideo" and container.format.name == "avi",
        )
        for stream in container.streams.video
        if (context := stream.codec_context) is not None
    }


def _describe(
    path: Path,
    opened: OpenVideo,
    frame: VideoFrame,
    length: Length,
    stated: StatedColours,
    *,
    is_vfr: bool,
) -> Video:
    header = read_track_header(path, opened.container, opened.stream)
    shown = geometry(frame, header, opened.stream.sample_aspect_ratio)
    stated = stated._replace(is_ipt_pq=dolby_vision.is_ipt_pq(header.boxes))
    start_s = opened.clock.time_s(frame.pts or 0)
    return Video(
        path=path,
        duration_s=max(length.end_s, start_s),
        width_px=shown.width_px,
        height_px=shown.height_px,
        rotation_deg=shown.orientation.rotation_deg,
        sample_aspect_ratio=shown.sample_aspect_ratio,
        frame_rate=opened.stream.average_rate,
        is_vfr=is_vfr,
        is_interlaced=bool(frame.interlaced_frame),
        transfer=transfer_function(frame, stated),
        codec=opened.stream.codec_context.name,
        start_s=start_s,
        stream_index=opened.stream.index,
        joined=opened.joined,
        is_mirrored=shown.orientation.is_mirrored,
        visible=shown.visible,
        stated_colours=stated,
        notes=(*length.notes, *shown.notes, *colour_notes(frame, stated)),
    )
