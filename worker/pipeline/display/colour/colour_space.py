"""What a decoded frame says about its colours, as far as it can be true; else what players guess."""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from av.video.format import VideoFormat
from av.video.reformatter import ColorRange

from worker.pipeline.display.colour.code_points import (
    CHROMATICITIES,
    HDR_TRANSFERS,
    LUMA_WEIGHTS,
    MATRIX_NAMES,
    Matrix,
    Primaries,
    Transfer,
)
from worker.pipeline.media import NOTHING_STATED, StatedColours, TransferFunction

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_Points = TypeVar("_Points", Matrix, Transfer, Primaries)

# An untagged picture up to this size is standard definition, so BT.601; players guess the same way.
_SD_WIDTH_PX, _SD_HEIGHT_PX = 1279, 576

# How many bits YCgCo-R needs beyond those of RGB: an even or an odd number (H.273 table 4).
REVERSIBLE_EXTRA_BITS = {Matrix.YCGCO_RE: 2, Matrix.YCGCO_RO: 1}
_EIGHT_BITS = 8

# The curves of cameras and of television sets. Displays show their code values as they come, and so does
# whoever shows sRGB: of these, no grey is changed.
_TELEVISION = {
    *(Transfer.BT709, Transfer.GAMMA22, Transfer.GAMMA28, Transfer.SMPTE170M, Transfer.SMPTE240M),
    *(Transfer.XVYCC, Transfer.BT1361, Transfer.SRGB, Transfer.BT2020_10, Transfer.BT2020_12),
}
# Red, green and blue of the screen, and of the standard definition that every player shows on it as it is.
_SCREEN = {Primaries.BT709, Primaries.BT470BG, Primaries.SMPTE170M, Primaries.SMPTE240M}
_TRANSFER_FUNCTIONS = {Transfer.PQ: TransferFunction.PQ, Transfer.HLG: TransferFunction.HLG}
_BT2020_MATRICES = {Matrix.BT2020_NCL, Matrix.BT2020_CL}


class Samples(enum.Enum):
    """What the components of a pixel format are."""

    YCBCR = "YCbCr"  #: or another luma with two colour differences
    RGB = "RGB"
    GREY = "grey"
    XYZ = "XYZ"


class ColourSpace(NamedTuple):
    """How samples stand for colours: tags that were found possible, and the pixel format's own part."""

    matrix: Matrix
    is_full_range: bool  #: luma 0..255 instead of 16..235
    transfer: Transfer = Transfer.BT709
    primaries: Primaries = Primaries.BT709
    samples: Samples = Samples.YCBCR
    has_alpha: bool = False
    bits: int = 8  #: of one sample

    @property
    def is_television(self) -> bool:
        """Whether the curve is one whose code values a display shows as they come."""
        return self.transfer in _TELEVISION

    @property
    def is_srgb(self) -> bool:
        """Whether RGB code values need no further conversion for the screen."""
        return self.is_television and self.primaries in _SCREEN

    @property
    def is_for_scaler(self) -> bool:
        """Whether FFmpeg's scaler makes the right RGB code values of these samples."""
        if self.samples is Samples.GREY:
            return not self.is_limited_grey
        return self.samples is Samples.RGB or (self.samples is Samples.YCBCR and self.matrix in LUMA_WEIGHTS)

    @property
    def is_limited_grey(self) -> bool:
        """Whether it is grey in video range, which FFmpeg's scaler takes for full range."""
        return self.samples is Samples.GREY and self.bits > 1 and not self.is_full_range


# What conversion to sRGB leaves: a picture made anew for the scan.
FULL_RANGE_BT601 = ColourSpace(Matrix.SMPTE170M, is_full_range=True)


def colour_space(frame: VideoFrame, stated: StatedColours = NOTHING_STATED) -> ColourSpace:
    """Read what a decoded frame says about its samples; where it says nothing possible, guess as players do.

    Args:
        frame: as decoded.
        stated: what the container says: it fills in what the frame leaves open.
    """
    space = _read(_tags(frame, stated), is_ipt_pq=stated.is_ipt_pq)
    return space._replace(has_alpha=False) if stated.is_opaque and space.has_alpha else space


def colour_notes(frame: VideoFrame, stated: StatedColours = NOTHING_STATED) -> tuple[str, ...]:
    """Say in sentences for people where a frame's colours are a guess against its tags, or approximate."""
    if stated.is_ipt_pq:
        return ("Dolby Vision profile 5: its colours are approximate",)
    tags = _tags(frame, stated)
    space = _read(tags, is_ipt_pq=False)
    is_plain = space.samples is Samples.YCBCR
    if not is_plain or tags.matrix in (Matrix.UNSPECIFIED, space.matrix):
        return ()
    shown_as = MATRIX_NAMES[space.matrix]
    if tags.matrix not in MATRIX_NAMES:
        return (f"its colour tag (matrix {tags.matrix}) has no meaning, so it is shown as {shown_as}",)
    claimed = MATRIX_NAMES[Matrix(tags.matrix)]
    return (f"its colour tag says {claimed}, which it cannot be, so it is shown as {shown_as}",)


def transfer_function(frame: VideoFrame, stated: StatedColours = NOTHING_STATED) -> TransferFunction:
    """Tell how light is coded in a frame, as far as people ask: standard, PQ or HLG."""
    transfer = colour_space(frame, stated).transfer
    return _TRANSFER_FUNCTIONS.get(transfer, TransferFunction.SDR)


class _Tags(NamedTuple):
    """Everything that the reading depends on; few different ones occur in one process."""

    matrix: int
    transfer: int
    primaries: int
    range: int
    format: str
    is_sd: bool


def _tags(frame: VideoFrame, stated: StatedColours) -> _Tags:
    return _Tags(
        stated.matrix if frame.colorspace == Matrix.UNSPECIFIED else frame.colorspace,
        stated.transfer if frame.color_trc == Transfer.UNSPECIFIED else frame.color_trc,
        stated.primaries if frame.color_primaries == Primaries.UNSPECIFIED else frame.color_primaries,
        frame.color_range,
        frame.format.name,
        frame.width <= _SD_WIDTH_PX and frame.height <= _SD_HEIGHT_PX,
    )


@lru_cache(maxsize=256)
def _read(tags: _Tags, *, is_ipt_pq: bool) -> ColourSpace:
    pixel_format = VideoFormat(tags.format)
    samples, bits = _samples(pixel_format), pixel_format.components[0].bits
    has_alpha = any(component.is_alpha for component in pixel_format.components)
    if is_ipt_pq:
        return ColourSpace(
            Matrix.IPT_C2, is_full_range=True, transfer=Transfer.PQ, primaries=Primaries.BT2020, bits=bits
        )
    if samples is Samples.XYZ:
        # Digital cinema: the format leaves nothing to say (SMPTE ST 428-1).
        return ColourSpace(*(Matrix.IDENTITY, True, Transfer.ST428, Primaries.XYZ, samples, has_alpha, bits))
    transfer = _known(Transfer, tags.transfer, Transfer.BT709)
    matrix = _matrix(tags, transfer, samples, bits)
    is_wide = transfer in HDR_TRANSFERS or (matrix in _BT2020_MATRICES and samples is Samples.YCBCR)
    primaries = _known(Primaries, tags.primaries, Primaries.BT2020 if is_wide else Primaries.BT709)
    return ColourSpace(matrix, _is_full_range(tags, samples), transfer, primaries, samples, has_alpha, bits)


def _samples(pixel_format: VideoFormat) -> Samples:
    if pixel_format.name.startswith("xyz"):
        return Samples.XYZ
    if pixel_format.is_rgb or pixel_format.has_palette:
        return Samples.RGB
    colours = [component for component in pixel_format.components if not component.is_alpha]
    return Samples.GREY if len(colours) == 1 else Samples.YCBCR


def _is_full_range(tags: _Tags, samples: Samples) -> bool:
    if samples is Samples.RGB:
        return False  # what FFmpeg's scaler makes of RGB
    # "yuvj..." is FFmpeg's older way to say full range; encoders of JPEG frames still do.
    if tags.range == ColorRange.JPEG or tags.format.startswith("yuvj"):
        return True
    # Grey without a tag is full range to players and to FFmpeg; other formats are not.
    return samples is Samples.GREY and tags.range != ColorRange.MPEG


def _matrix(tags: _Tags, transfer: Transfer, samples: Samples, bits: int) -> Matrix:
    if samples is not Samples.YCBCR:
        return Matrix.SMPTE170M  # what FFmpeg's scaler makes of RGB; grey has no use for one
    matrix = _known(Matrix, tags.matrix, Matrix.UNSPECIFIED)
    if matrix is not Matrix.UNSPECIFIED and _is_possible(matrix, tags, transfer, bits):
        return matrix
    if transfer in HDR_TRANSFERS:
        return Matrix.BT2020_NCL
    return Matrix.SMPTE170M if tags.is_sd else Matrix.BT709


def _is_possible(matrix: Matrix, tags: _Tags, transfer: Transfer, bits: int) -> bool:
    """Tell whether YCbCr samples can be of a matrix, by what else the stream says."""
    if matrix in REVERSIBLE_EXTRA_BITS:
        return bits - REVERSIBLE_EXTRA_BITS[matrix] >= _EIGHT_BITS
    conditions = {
        Matrix.IDENTITY: False,  # decoders give such samples as RGB
        Matrix.BT2020_CL: tags.primaries in (Primaries.BT2020, Primaries.UNSPECIFIED),
        Matrix.YDZDX: tags.primaries == Primaries.XYZ,
        Matrix.CHROMATICITY_NCL: tags.primaries in CHROMATICITIES,
        Matrix.CHROMATICITY_CL: tags.primaries in CHROMATICITIES,
        Matrix.ICTCP: transfer in HDR_TRANSFERS and bits > _EIGHT_BITS,  # BT.2100: 10 or 12 bits
        Matrix.IPT_C2: transfer is Transfer.PQ and bits > _EIGHT_BITS,
    }
    return conditions.get(matrix, True)


def _known(points: type[_Points], value: int, otherwise: _Points) -> _Points:
    """Take a code point that is defined; one that is reserved or says "unspecified" gives the other."""
    known = value in set(points) and value != 2  # noqa: PLR2004 - 2 is "unspecified" in every table
    return points(value) if known else otherwise
