"""Where the eye goes in a picture without faces: what breaks the regularity of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb

# The size at which things, not textures, stand out: the paper's 64 px.
_SIDE_PX = 64
# Blur that joins the parts of one thing, in pixels at that size; the paper's 8 is for larger maps.
_BLUR_SIGMA_PX = 2.5
# The paper averages the log spectrum over 3x3.
_SPECTRUM_BLUR = 3
# People frame their subject near the middle: a place at the edge counts so much less.
_EDGE_LOSS = 0.6


def saliency(rgb: Rgb) -> NDArray[np.float32]:
    """Measure how much each place stands out, by shape and by colour.

    Args:
        rgb: (height, width, 3) uint8 RGB, of any size.

    Returns:
        (64, 64) float32, 0..1, whatever the shape of the picture; all 0 for a flat one.

    Sources: Hou & Zhang, Saliency Detection: A Spectral Residual Approach, CVPR 2007 (shape);
        Achanta et al., Frequency-tuned Salient Region Detection, CVPR 2009 (colour).
    """
    small = cv2.resize(rgb, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1), cv2.COLOR_RGB2LAB).astype(np.float32)
    shape = _spectral_residual(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32))
    colour = np.linalg.norm(lab[..., 1:] - lab[..., 1:].mean(axis=(0, 1)), axis=2)
    return np.asarray(_central() * (_spread(shape) + _spread(colour)) / 2, np.float32)


def _central() -> NDArray[np.float64]:
    """Make weights that are 1 in the middle and `_EDGE_LOSS` less at the middle of an edge: (64, 64)."""
    across = 1 - _EDGE_LOSS * np.linspace(-1, 1, _SIDE_PX) ** 2
    return np.outer(across, across)


def _spectral_residual(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep what remains of a picture when the part that all pictures share is taken out of its spectrum.

    The log amplitude of natural pictures falls smoothly with frequency; what sticks out of its local mean is
    what is special here. The phase, which says where things are, stays as it is.
    """
    if np.ptp(luma) < 1:
        return np.zeros_like(luma)
    spectrum = np.fft.fft2(luma)
    log_amplitude = np.log(np.abs(spectrum) + 1)
    residual = log_amplitude - cv2.blur(
        log_amplitude, (_SPECTRUM_BLUR, _SPECTRUM_BLUR), borderType=cv2.BORDER_WRAP
    )
    energy = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    return np.asarray(cv2.GaussianBlur(energy.astype(np.float32), (0, 0), _BLUR_SIGMA_PX))


def _spread(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stretch to 0..1."""
    span = float(np.ptp(values))
    return (values - values.min()) / span if span > 0 else np.zeros_like(values)
