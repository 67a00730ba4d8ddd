"""Colours told by every code point of ITU-T H.273, grey of both ranges, HDR, Dolby Vision."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.media import clips, stamped
from tests.support.media.clips import ColorTags, Format
from tests.support.media.odd_files import colour_coding, raw
from tests.support.media.odd_files.kind import GOOD_DELTA_E, TONE_MAPPED_DELTA_E, Kind, Truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import av

    from worker.pipeline.frames import Rgb

_FRAMES = 50  # fewer than of other kinds, for each is computed pixel by pixel
_X265 = {"preset": "ultrafast", "crf": "10"}
_LEVEL = 3  #: of Dolby Vision; any
BT709, PQ, HLG, BT2020, P3 = 1, colour_coding.PQ, colour_coding.HLG, 9, 12
SDR_CURVES = (1, 6, 14, 15, 13)  #: shown as they are by players
OTHER_CURVES = (2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 17)


def coded(path: Path, *, primaries: int = BT709, transfer: int = 1, matrix: int = 1, bits: int = 8, tag: int | None = None) -> None:
    """Write a film that is truly coded as its tags say.

    Args:
        path: where to write.
        primaries: code point.
        transfer: code point.
        matrix: code point that the samples are made by.
        bits: of a sample; 8 makes H.264, more HEVC.
        tag: what is said of the matrix, where it is not what is true.
    """
    is_full, is_identity = matrix in {0, colour_coding.IPT_C2}, matrix == 0
    tags = (primaries, transfer, matrix if tag is None else tag)
    codec, options = ("libx264", {"preset": "veryfast", "crf": "12"}) if bits == 8 else ("libx265", _X265)
    quiet = f"log-level=none:range={'full' if is_full else 'limited'}"
    extra = {} if bits == 8 else {"x265-params": quiet}
    raw.write_frames(
        path,
        _frames(primaries, transfer, matrix, bits),
        "libx264rgb" if is_identity and bits == 8 else codec,
        options={**options, **extra},
        tags=tags,
        is_full_range=is_full,
    )


def _frames(primaries: int, transfer: int, matrix: int, bits: int) -> Iterator[av.VideoFrame]:
    is_full, is_identity = matrix in {0, colour_coding.IPT_C2}, matrix == 0
    for rgb in stamped.film(_FRAMES):
        parts = colour_coding.components(rgb, primaries, transfer, matrix)
        frame = colour_coding.frame(parts, bits, is_full_range=is_full, is_identity=is_identity)
        yield frame.reformat(format="rgb24") if is_identity and bits == 8 else frame


def retagged(path: Path, tags: str, codec: str = "libx264") -> None:
    """Write an ordinary BT.709 file, and change what it says of itself."""
    plain = clips.write(path.with_name(f"plain-{path.name}"), stamped.film(_FRAMES), Format(codec=codec))
    raw.copy(plain, path, bitstream_filter=f"{'h264' if codec == 'libx264' else 'hevc'}_metadata={tags}")
    plain.unlink()


def container_only(path: Path) -> None:
    """Write PQ of which the container alone speaks."""
    told = path.with_name(f"told-{path.name}")
    coded(told, primaries=BT2020, transfer=PQ, matrix=9, bits=10)
    silent = "hevc_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2"
    with_tags = raw.copy(told, path, bitstream_filter=silent)
    assert with_tags == path
    told.unlink()


def dolby_vision_5(path: Path) -> None:
    """Write IPT-PQ-C2 in HEVC Main 10 with the configuration box of profile 5; the dynamic metadata lacks."""
    quiet = {"x265-params": "log-level=none:range=full"}
    frames = _frames(BT2020, PQ, colour_coding.IPT_C2, 10)
    raw.write_frames(path, frames, "libx265", options={**_X265, **quiet}, is_full_range=True, codec_tag="hvc1")
    # Version 1.0, profile 5, level; RPU and base layer present; no compatibility (Dolby's ISOBMFF spec, 3.2).
    body = bytes([1, 0, 5 << 1, _LEVEL << 3 | 0b101, 0]) + bytes(19)
    content = raw.with_box(path.read_bytes(), b"hvc1", raw.box(b"dvcC", body))
    at = content.index(b"hvc1", content.index(b"stsd"))
    path.write_bytes(content[:at] + b"dvh1" + content[at + 4 :])


def gray(path: Path, codec: str, pix_fmt: str, *, is_full_range: bool) -> None:
    """Write luma alone, tagged with its range."""
    options = {"x265-params": f"log-level=none:range={'full' if is_full_range else 'limited'}"}
    bits = 16 if "16" in pix_fmt else 10 if "10" in pix_fmt else 8
    raw.write_frames(
        path,
        (_gray_frame(rgb, bits, pix_fmt, is_full_range=is_full_range) for rgb in stamped.film()),
        codec,
        options=options if codec == "libx265" else {"preset": "veryfast"} if codec == "libx264" else {},
        is_full_range=is_full_range,
    )


def _gray_frame(rgb: Rgb, bits: int, pix_fmt: str, *, is_full_range: bool) -> av.VideoFrame:
    luma = rgb @ np.array([0.2126, 0.7152, 0.0722]) / 255
    levels = luma * ((1 << bits) - 1) if is_full_range else (luma * 219 + 16) * (1 << (bits - 8))
    return raw.planar([np.round(levels).astype(np.uint8 if bits == 8 else np.uint16)], pix_fmt)


def look_gray(rgb: Rgb) -> Rgb:
    """Return the picture without its colours."""
    luma = np.round(rgb @ np.array([0.2126, 0.7152, 0.0722])).astype(np.uint8)
    return cv2.cvtColor(luma, cv2.COLOR_GRAY2RGB)


_SHORT = Truth(frames=_FRAMES)
_TONED = Truth(frames=_FRAMES, max_delta_e=TONE_MAPPED_DELTA_E)
# What a reserved or impossible code means is a guess, by size or by the other tags: between BT.601 and 709
# lies so much, while a conversion by a wrong formula goes far beyond.
_GUESSED = Truth(frames=_FRAMES, max_delta_e=10.0)
_ANY_COLOUR = Truth(frames=_FRAMES, max_delta_e=None)
_GRAY = Truth(look=look_gray)

_MATRICES = (
    *(Kind(f"matrix {code}", "matrices", ".mp4", partial(coded, matrix=code), _SHORT) for code in (0, 1, 4, 5, 6, 7, 8, 11)),
    Kind("matrix 9, BT.2020", "matrices", ".mp4", partial(coded, primaries=9, transfer=14, matrix=9, bits=10), _SHORT),
    Kind("matrix 10, BT.2020 constant luminance", "matrices", ".mp4",
         partial(coded, primaries=9, transfer=14, matrix=10, bits=10), _SHORT),
    Kind("matrix 12, from BT.2020's primaries", "matrices", ".mp4",
         partial(coded, primaries=9, transfer=14, matrix=12, bits=10), _SHORT),
    Kind("matrix 13, from BT.2020's primaries", "matrices", ".mp4",
         partial(coded, primaries=9, transfer=14, matrix=13, bits=10), _SHORT),
    Kind("matrix 14, ICtCp", "matrices", ".mp4", partial(coded, primaries=9, transfer=PQ, matrix=14, bits=10), _TONED),
    Kind("matrix 15, IPT-C2", "matrices", ".mp4", partial(coded, primaries=9, transfer=PQ, matrix=15, bits=10), _TONED),
    *(
        Kind(f"matrix {code} said of plain 8-bit", "matrices", ".mp4",
             partial(retagged, tags=f"matrix_coefficients={code}"), _GUESSED)
        for code in (2, 3, 14, 15, 17, 200)
    ),
)  # fmt: skip
_PRIMARIES = (
    *(
        Kind(f"primaries {code}", "primaries", ".mp4", partial(coded, primaries=code), _SHORT)
        for code in (4, 5, 6, 7, 8, 11, 22)
    ),
    Kind("primaries 12, P3 in SDR", "primaries", ".mp4", partial(coded, primaries=P3), _SHORT),
    Kind("primaries 9, BT.2020 in SDR", "primaries", ".mp4", partial(coded, primaries=9, transfer=14, matrix=9, bits=10), _SHORT),
    *(
        Kind(f"primaries {code} said of plain BT.709", "primaries", ".mp4",
             partial(retagged, tags=f"colour_primaries={code}"), _SHORT)
        for code in (2, 3, 100)
    ),
)  # fmt: skip
_TRANSFERS = tuple(
    Kind(f"transfer {code}", "transfers", ".mp4", partial(retagged, tags=f"transfer_characteristics={code}"), truth)
    for codes, truth in ((SDR_CURVES, _SHORT), (OTHER_CURVES, _ANY_COLOUR))
    for code in codes
)  # fmt: skip
_HDR = (
    Kind("PQ", "HDR", ".mp4", partial(coded, primaries=BT2020, transfer=PQ, matrix=9, bits=10), _TONED),
    Kind("PQ in Matroska", "HDR", ".mkv", partial(coded, primaries=BT2020, transfer=PQ, matrix=9, bits=10), _TONED),
    Kind("PQ told by Matroska alone", "HDR", ".mkv", container_only, _TONED),
    Kind("PQ told by MP4 alone", "HDR", ".mp4", container_only, _TONED),
    Kind("HLG", "HDR", ".mp4", partial(coded, primaries=BT2020, transfer=HLG, matrix=9, bits=10), _TONED),
    Kind("Dolby Vision profile 5", "HDR", ".mp4", dolby_vision_5, _TONED),
)  # fmt: skip
_RANGES = (
    Kind("full range", "range and grey", ".mp4", lambda path: clips.write(path, stamped.film(), Format(color=clips.FULL_RANGE))),
    Kind("BT.601", "range and grey", ".mp4", lambda path: clips.write(path, stamped.film(), Format(color=clips.BT601))),
    Kind("untagged", "range and grey", ".mp4",
         lambda path: clips.write(path, stamped.film(), Format(color=ColorTags(None, None, None, coded_with=clips.BT601.coded_with)))),
    *(
        Kind(f"grey, {codec} {pix_fmt}, {'full' if is_full else 'limited'}", "range and grey", suffix,
             partial(gray, codec=codec, pix_fmt=pix_fmt, is_full_range=is_full), _GRAY)
        for codec, pix_fmt, suffix in (
            ("libx264", "gray", ".mp4"), ("libx265", "gray", ".mp4"), ("libx265", "gray10le", ".mp4"),
            ("ffv1", "gray", ".mkv"), ("ffv1", "gray16le", ".mkv"),
        )
        for is_full in (True, False)
    ),
)  # fmt: skip

KINDS = (*_MATRICES, *_PRIMARIES, *_TRANSFERS, *_HDR, *_RANGES)
