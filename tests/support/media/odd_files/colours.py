"""Colours told by every code point of ITU-T H.273, grey of both ranges, HDR, Dolby Vision."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from tests.support.media import clips, container_edits, reference_colour, stamped
from tests.support.media.clips import ColorTags, Format
from tests.support.media.odd_files import raw
from tests.support.media.odd_files.kind import TONE_MAPPED_DELTA_E, OddFile, Truth
from tests.support.media.reference_colour import ColourCoding

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

_FRAMES = 50  # fewer than of other kinds, for each is computed pixel by pixel
_X265 = {"preset": "ultrafast", "crf": "10"}
_LEVEL = 3  #: of Dolby Vision; any
_TELEVISION = (1, 4, 5, 6, 7, 11, 12, 13, 14, 15)  #: curves whose code values players show as they are


def coded(path: Path, coding: ColourCoding, *, told: ColourCoding | None = None, suffix: str = "") -> None:
    """Write a film that is truly coded as it says.

    Args:
        path: where to write.
        coding: how the samples are made; 8 bits make H.264, more HEVC.
        told: what the tags say, where that is not what is true.
        suffix: letters of the sample entry in MP4.
    """
    is_short, tags = coding.bits == 8, told or coding
    quiet = {"x265-params": f"log-level=none:range={'full' if coding.is_full_range else 'limited'}"}
    raw.write_frames(
        path,
        (frame_of(rgb, coding) for rgb in stamped.film(_FRAMES)),
        "libx264" if is_short else "libx265",
        options={"preset": "veryfast", "crf": "12"} if is_short else {**_X265, **quiet},
        tags=(tags.primaries, tags.transfer, tags.matrix),
        is_full_range=coding.is_full_range,
        codec_tag=suffix or None,
    )


def frame_of(rgb: Rgb, coding: ColourCoding) -> av.VideoFrame:
    """Code a picture in 4:2:0."""
    frame = reference_colour.coded_frame(rgb, coding)
    frame.colorspace = frame.color_trc = frame.color_primaries = 1  # of no account for the halving
    return frame.reformat(format="yuv420p" if coding.bits == 8 else f"yuv420p{coding.bits}le")


def as_rgb(path: Path) -> None:
    """Write H.264 whose samples are green, blue and red (matrix 0)."""
    frames = (av.VideoFrame.from_ndarray(rgb, "rgb24") for rgb in stamped.film(_FRAMES))
    options = {"preset": "veryfast", "crf": "12"}
    raw.write_frames(path, frames, "libx264rgb", options=options, tags=(1, 1, 0), is_full_range=True)


def retagged(path: Path, tags: str, codec: str = "libx264") -> None:
    """Write an ordinary BT.709 file, and change what it says of itself."""
    plain = clips.write(path.with_name(f"plain-{path.name}"), stamped.film(_FRAMES), Format(codec=codec))
    raw.copy(plain, path, bitstream_filter=f"{'h264' if codec == 'libx264' else 'hevc'}_metadata={tags}")
    plain.unlink()


def container_only(path: Path) -> None:
    """Write PQ of which the container alone speaks."""
    whole = path.with_name(f"whole-{path.name}")
    coded(whole, _PQ)
    silent = "hevc_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2"
    raw.copy(whole, path, bitstream_filter=silent)
    whole.unlink()


def dolby_vision_5(path: Path) -> None:
    """Write IPT-PQ-C2 in HEVC Main 10 and say so by the configuration of profile 5; its metadata lacks."""
    coded(
        path,
        replace(_IPT, is_full_range=True),
        told=ColourCoding(2, 2, 2),
        suffix="hvc1" if path.suffix == ".mp4" else "",
    )
    # Version 1.0, profile 5, level; RPU and base layer present; no compatibility (Dolby's ISOBMFF spec, 3.2).
    body = bytes([1, 0, 5 << 1, _LEVEL << 3 | 0b101, 0]) + bytes(19)
    if path.suffix == ".mkv":
        container_edits.add_to_matroska_track(path, entry=container_edits.dolby_vision(body))
        return
    content = container_edits.add_to_sample_entry(path, container_edits.box("dvcC", body)).read_bytes()
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
_GRAY = Truth(look=look_gray, max_delta_e=2.0)  # a range that is misread is off by 3


def _kind(
    name: str, group: str, coding: ColourCoding, truth: Truth = _SHORT, suffix: str = ".mp4"
) -> OddFile:
    return OddFile(name, group, suffix, partial(coded, coding=coding), truth)


_BT2020 = ColourCoding(matrix=9, transfer=14, primaries=9)
_PQ, _HLG = replace(_BT2020, transfer=16), replace(_BT2020, transfer=18)
_IPT = replace(_PQ, matrix=15)

_MATRICES = (
    OddFile("matrix 0, RGB", "matrices", ".mp4", as_rgb, _SHORT),
    *(_kind(f"matrix {code}", "matrices", ColourCoding(matrix=code, bits=8)) for code in (1, 4, 5, 6, 7)),
    _kind("matrix 8, YCgCo", "matrices", ColourCoding(matrix=8, bits=8)),
    _kind("matrix 9, BT.2020", "matrices", _BT2020),
    _kind("matrix 10, BT.2020 constant luminance", "matrices", replace(_BT2020, matrix=10)),
    _kind("matrix 12, from BT.2020's primaries", "matrices", replace(_BT2020, matrix=12)),
    _kind("matrix 13, from BT.2020's primaries", "matrices", replace(_BT2020, matrix=13)),
    _kind("matrix 14, ICtCp in PQ", "matrices", replace(_PQ, matrix=14), _TONED),
    _kind("matrix 14, ICtCp in HLG", "matrices", replace(_HLG, matrix=14), _TONED),
    _kind("matrix 15, IPT-C2", "matrices", _IPT, _TONED),
    *(
        OddFile(
            f"matrix {code} said of plain 8-bit",
            "matrices",
            ".mp4",
            partial(retagged, tags=f"matrix_coefficients={code}"),
            _GUESSED,
        )
        for code in (2, 3, 11, 14, 15, 200)
    ),
)
_PRIMARIES = (
    *(
        _kind(f"primaries {code}", "primaries", ColourCoding(primaries=code, bits=8))
        for code in (4, 8, 11, 22)
    ),
    _kind("primaries 12, P3 in SDR", "primaries", ColourCoding(primaries=12, bits=8)),
    _kind("primaries 9, BT.2020 in SDR", "primaries", replace(_BT2020)),
    *(
        OddFile(
            f"primaries {code} said of plain BT.709",
            "primaries",
            ".mp4",
            partial(retagged, tags=f"colour_primaries={code}"),
            _SHORT,
        )
        for code in (2, 3, 5, 6, 7, 100)
    ),
)
_TRANSFERS = (
    *(_kind(f"transfer {code}", "transfers", ColourCoding(transfer=code, bits=8)) for code in _TELEVISION),
    *(_kind(f"transfer {code}", "transfers", ColourCoding(transfer=code), _TONED) for code in (8, 9, 10, 17)),
    *(
        OddFile(
            f"transfer {code} said of plain BT.709",
            "transfers",
            ".mp4",
            partial(retagged, tags=f"transfer_characteristics={code}"),
            _GUESSED,
        )
        for code in (2, 3, 100)
    ),
)
_HDR = (
    _kind("PQ", "HDR", _PQ, _TONED),
    _kind("PQ in Matroska", "HDR", _PQ, _TONED, ".mkv"),
    OddFile("PQ told by Matroska alone", "HDR", ".mkv", container_only, _TONED),
    OddFile("PQ told by MP4 alone", "HDR", ".mp4", container_only, _TONED),
    _kind("HLG", "HDR", _HLG, _TONED),
    OddFile("Dolby Vision profile 5, mp4", "HDR", ".mp4", dolby_vision_5, _TONED),
    OddFile("Dolby Vision profile 5, mkv", "HDR", ".mkv", dolby_vision_5, _TONED),
)
_RANGES = (
    OddFile(
        "full range",
        "range and grey",
        ".mp4",
        lambda path: clips.write(path, stamped.film(), Format(color=clips.FULL_RANGE)),
    ),
    OddFile(
        "BT.601",
        "range and grey",
        ".mp4",
        lambda path: clips.write(path, stamped.film(), Format(color=clips.BT601)),
    ),
    OddFile(
        "untagged",
        "range and grey",
        ".mp4",
        lambda path: clips.write(
            path, stamped.film(), Format(color=ColorTags(None, None, None, coded_with=clips.BT601.coded_with))
        ),
    ),
    *(
        OddFile(
            f"grey, {codec} {pix_fmt}, {'full' if is_full else 'limited'}",
            "range and grey",
            suffix,
            partial(gray, codec=codec, pix_fmt=pix_fmt, is_full_range=is_full),
            _GRAY,
        )
        for codec, pix_fmt, suffix in (
            ("libx264", "gray", ".mp4"),
            ("libx265", "gray", ".mp4"),
            ("libx265", "gray10le", ".mp4"),
            ("ffv1", "gray", ".mkv"),
            ("ffv1", "gray16le", ".mkv"),
        )
        for is_full in (True, False)
    ),
)

KINDS = (*_MATRICES, *_PRIMARIES, *_TRANSFERS, *_HDR, *_RANGES)
