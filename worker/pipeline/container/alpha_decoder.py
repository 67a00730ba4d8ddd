"""Which decoder reads a stream: FFmpeg's own, but for VP8 and VP9 with transparency.

WebM keeps transparency as a second stream beside each packet, which only libvpx decodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from av.codec.context import CodecContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def decoder_of(stream: VideoStream) -> Callable[[Packet[Any]], list[VideoFrame]]:
    """Choose what decodes the packets of a stream, from a keyframe on."""
    own = stream.codec_context
    if own is None or own.name not in _WITH_ALPHA or stream.metadata.get("alpha_mode") != "1":
        return stream.decode
    decoder = cast("VideoCodecContext", CodecContext.create(_WITH_ALPHA[own.name], "r"))
    decoder.thread_count = own.thread_count
    return decoder.decode
