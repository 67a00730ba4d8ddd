"""A decoded frame's samples as sRGB: the one way from any pixel format and any tags to what is shown."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from worker.pipeline.display.colour.code_points import HDR_TRANSFERS, Matrix
from worker.pipeline.display.colour.colour_space import ColourSpace, Samples
from worker.pipeline.display.colour.gamut import sdr_to_srgb
from worker.pipeline.display.colour.samples import samples_to_rgb
from worker.pipeline.display.colour.tone_map import hdr_to_srgb

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from worker.pipeline.display.colour.gamut import Coded
    from worker.pipeline.frames import Rgb

# H.273 matrix coefficients to FFmpeg's scaler, which knows both BT.601 systems as one.
_SCALER_MATRICES = {
    Matrix.BT709: Colorspace.ITU709,
    Matrix.FCC: Colorspace.FCC,
    Matrix.BT470BG: Colorspace.ITU601,
    Matrix.SMPTE170M: Colorspace.ITU601,
    Matrix.SMPTE240M: Colorspace.SMPTE240M,
    Matrix.BT2020_NCL: Colorspace.BT2020,
}
_OPAQUE = 255
_DEEP = 8  # bits; beyond, 16 are needed
# Pictures are worked on in bands of about so many pixels: a whole 8K frame in float would take 400 MB.
_BAND_PX = 1 << 18


def scaled(
    frame: VideoFrame,
    size: tuple[int, int],
    pixel_format: str,
    space: ColourSpace,
    interpolation: Interpolation,
) -> VideoFrame:
    """Bring a frame to a size and a pixel format by FFmpeg's scaler, whatever its tags say.

    The scaler refuses a frame whose tags it does not know, even for grey. So it is told a matrix and a range
    that it does know; YCbCr stays as coded, and RGB is always of full range.
    """
    matrix = _SCALER_MATRICES.get(space.matrix, Colorspace.ITU601)
    is_to_rgb = pixel_format.startswith(("rgb", "bgr"))
    source_range = ColorRange.JPEG if space.is_full_range or _is_always_full(space) else ColorRange.MPEG
    coded_range = ColorRange.JPEG if space.is_full_range else ColorRange.MPEG
    return frame.reformat(
        *size,
        format=pixel_format,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=source_range,
        dst_color_range=ColorRange.JPEG if is_to_rgb else coded_range,
        interpolation=interpolation,
    )


def srgb_of_frame(
    frame: VideoFrame, size: tuple[int, int], space: ColourSpace, interpolation: Interpolation
) -> Rgb:
    """Show a frame's samples in true colours; where it is transparent, on black.

    Args:
        frame: as decoded.
        size: (width, height) of the result in pixels.
        space: what the frame's samples are.
        interpolation: how to scale.

    Returns:
        (height, width, 3) uint8 sRGB.
    """
    if space.has_alpha and space.is_for_scaler and space.is_srgb:
        # The usual kind of transparent picture: one pass of the scaler does for colour and alpha.
        rgba = np.asarray(scaled(frame, size, "rgba", space, interpolation).to_ndarray(), np.uint8)
        return _on_black(np.ascontiguousarray(rgba[..., :3]), rgba[..., 3])
    opaque = _opaque(frame, size, space, interpolation)
    if not space.has_alpha:
        return opaque
    alpha = scaled(frame, size, "rgba", space, interpolation).to_ndarray()[..., 3]
    return _on_black(opaque, np.asarray(alpha, np.uint8))


def _opaque(
    frame: VideoFrame, size: tuple[int, int], space: ColourSpace, interpolation: Interpolation
) -> Rgb:
    if space.is_for_scaler:
        # Curves and matrices need more than 8 bits: in 256 steps, skies would show bands.
        packed = scaled(frame, size, "rgb24" if space.is_srgb else "rgb48le", space, interpolation)
        return to_srgb(packed.to_ndarray(), space)  # type: ignore[arg-type]
    samples = _deep_samples(frame, size, space, interpolation)
    return _in_bands(lambda rows: _converted(samples_to_rgb(rows, space), space), samples)


def luma_of_frame(frame: VideoFrame, size: tuple[int, int], space: ColourSpace) -> NDArray[np.uint8]:
    """Take a frame's luma, to compare it with its neighbours': (height, width) uint8, range as coded."""
    if space.has_alpha:
        shown = srgb_of_frame(frame, size, space, Interpolation.AREA)
        return np.asarray(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY), np.uint8)
    return np.asarray(scaled(frame, size, "gray", space, Interpolation.AREA).to_ndarray(), np.uint8)


def to_srgb(rgb: Coded, space: ColourSpace) -> Rgb:
    """Bring RGB code values to 8-bit sRGB: the primaries of the screen, tone-mapped where it is HDR.

    Args:
        rgb: (height, width, 3) uint8 or uint16, full range; 8 bits do for small pictures.
        space: gives the curve and the primaries.

    Returns:
        (height, width, 3) uint8, of the same size; the same array where nothing is to be done.
    """
    return _converted(rgb, space) if space.is_srgb else _in_bands(partial(_converted, space=space), rgb)


def _converted(rgb: Coded, space: ColourSpace) -> Rgb:
    if space.transfer in HDR_TRANSFERS:
        return hdr_to_srgb(rgb, space)
    if space.is_srgb:
        # 65535 is 255 times 257; half of that is added to round.
        return np.asarray(rgb if rgb.dtype == np.uint8 else (rgb.astype(np.uint32) + 128) // 257, np.uint8)
    return sdr_to_srgb(rgb, space)


def _in_bands(convert: Callable[[NDArray[Any]], Rgb], picture: NDArray[Any]) -> Rgb:
    height, width = picture.shape[:2]
    rows = max(1, _BAND_PX // width)
    converted = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, rows):
        converted[top : top + rows] = convert(picture[top : top + rows])
    return converted


def _deep_samples(
    frame: VideoFrame, size: tuple[int, int], space: ColourSpace, interpolation: Interpolation
) -> NDArray[np.uint16]:
    """Scale samples without converting them: (height, width, 3) uint16, at the top of the 16 bits."""
    if space.samples is Samples.XYZ:
        return _cinema_samples(frame, size)
    if space.samples is Samples.YCBCR:
        return np.asarray(scaled(frame, size, "yuv444p16le", space, interpolation).to_ndarray(), np.uint16)
    if space.bits > _DEEP:
        grey = scaled(frame, size, "gray16le", space, interpolation).to_ndarray().astype(np.uint16)
    else:
        # Asked for 16 bits, the scaler would fill the lower ones by itself, and white would be whiter.
        grey = scaled(frame, size, "gray", space, interpolation).to_ndarray().astype(np.uint16) * 256
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint16)


def _cinema_samples(frame: VideoFrame, size: tuple[int, int]) -> NDArray[np.uint16]:
    """Take X', Y', Z' as they lie in memory: FFmpeg's scaler has its own idea of them."""
    plane = frame.planes[0]
    order = ">u2" if frame.format.is_big_endian else "<u2"
    rows = np.frombuffer(memoryview(plane), order).reshape(plane.height, plane.line_size // 2)
    samples = rows[:, : frame.width * 3].reshape(frame.height, frame.width, 3).astype(np.uint16)
    return np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_AREA), np.uint16)


def _on_black(srgb: Rgb, alpha: NDArray[np.uint8]) -> Rgb:
    if alpha.min() == _OPAQUE:
        return srgb
    weights = cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.multiply(srgb, weights, scale=1 / _OPAQUE), np.uint8)


def _is_always_full(space: ColourSpace) -> bool:
    return space.samples is Samples.RGB
