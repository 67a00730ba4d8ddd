"""Writes small files of every way to code colours and transparency."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from av.bitstream import BitStreamFilterContext

from tests.support.media import clips, pictures
from tests.support.media import container_edits as edits
from tests.support.media.reference_colour import ColourCoding, coded_frame

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

_RATE = 25
_COUNT = 10
_OPTIONS = {
    "libx265": {"preset": "ultrafast", "crf": "6", "x265-params": "log-level=none"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "10", "b": "0"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "crf": "10", "b": "4000000", "auto-alt-ref": "0"},
}

# Codecs with transparency: file name, encoder, pixel format.
WITH_ALPHA = {
    "qtrle": ("a.mov", "qtrle", "argb"),
    "ProRes 4444": ("a.mov", "prores_ks", "yuva444p10le"),
    "PNG": ("a.mov", "png", "rgba"),
    "FFV1": ("a.mkv", "ffv1", "yuva420p"),
    "VP9": ("a.webm", "libvpx-vp9", "yuva420p"),
    "VP8": ("a.webm", "libvpx", "yuva420p"),
}


def write_frame(path: Path, frame: av.VideoFrame, codec: str) -> Path:
    """Write a frame some times over, with its own tags."""
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=_RATE, options=dict(_OPTIONS.get(codec, {})))
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
        context = stream.codec_context
        context.colorspace, context.color_range = frame.colorspace, frame.color_range
        context.color_trc, context.color_primaries = frame.color_trc, frame.color_primaries
        frame.time_base = Fraction(1, _RATE)
        for index in range(_COUNT):
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_coded(path: Path, rgb: Rgb, coding: ColourCoding, codec: str = "ffv1") -> Path:
    """Write a picture coded by the formulas of the standards, tagged as such."""
    return write_frame(path, coded_frame(rgb, coding), codec)


def write_dolby_vision(path: Path, rgb: Rgb, profile: int, compatible_with: int = 0) -> Path:
    """Write Dolby Vision without its metadata of scenes, in MP4 or MKV.

    Profile 5 is IPT-PQ-C2 without a tag that says so; others are PQ with BT.2020.
    """
    matrix = 15 if profile == 5 else 9
    frame = coded_frame(rgb, ColourCoding(matrix, 16, 9, is_full_range=matrix == 15))
    if matrix == 15:
        frame.colorspace, frame.color_trc, frame.color_primaries = 2, 2, 2
    write_frame(path, frame, "libx265")
    # Version 1.0; level 3; with metadata and a base layer.
    record = bytes([1, 0, profile << 1, 3 << 3 | 0b101, compatible_with << 4]) + bytes(19)
    if path.suffix == ".mkv":
        return edits.add_to_matroska_track(path, entry=edits.dolby_vision(record))
    return edits.add_to_sample_entry(path, edits.box("dvcC" if profile <= 7 else "dvvC", record))


def write_retagged(path: Path, matrix: int) -> Path:
    """Write ordinary 8-bit H.264, BT.709, and only then claim another matrix."""
    plain = clips.write_plain(path.with_stem("plain"), 10)
    with av.open(plain) as source, av.open(path, "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        retag = BitStreamFilterContext(f"h264_metadata=matrix_coefficients={matrix}", stream, copy)
        for packet in source.demux(stream):
            if packet.size:
                for changed in retag.filter(packet):
                    changed.stream = copy
                    target.mux(changed)
    return path


def write_cut_out(path: Path, codec: str, pixel_format: str) -> Path:
    """Write a picture whose left half is transparent, with much to see under it."""
    (opaque,) = pictures.solid((200, 120, 60), 1)
    picture = np.dstack([opaque, np.full(opaque.shape[:2], 255, np.uint8)])
    half = picture.shape[1] // 2
    picture[:, :half] = (40, 220, 90, 0)
    frame = av.VideoFrame.from_ndarray(picture, "rgba").reformat(format=pixel_format)
    return write_frame(path, frame, codec)
