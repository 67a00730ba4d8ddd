"""What makes a frame unfit for a thumbnail, by name.

A frame with a defect is picked only where the whole video has nothing better. The thresholds were set on
trap videos, real footage with bad stretches of known place (`tests/benchmarks/README.md`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from worker.pipeline.cues.confidence import CERTAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from worker.pipeline.frames import Cues

# Black: hardly any light, or little light and nothing to see in it but noise. A night scene has contrast, a
# dark editor or terminal more light.
BLACK_BRIGHTNESS = 0.015
DARK_BRIGHTNESS, DARK_CONTRAST = 0.075, 0.12
# ... or a little more light, and next to nothing but grain, which is new in every frame (text stands still).
GRAINY_BRIGHTNESS, GRAINY_CONTRAST, GRAINY_STILLNESS = 0.15, 0.06, 0.85
# White flash, fade to white.
WHITE_BRIGHTNESS = 0.93
BLOWN_BRIGHTNESS, BLOWN_SHARE = 0.75, 0.6
# A page with text or a chart is mostly white too, and has this contrast; a flash or a fade has half of it.
PAGE_CONTRAST = 0.2
# One flat colour, whatever it is.
FLAT_CONTRAST = 0.03
FLAT_UNIFORMITY = 0.97
# Below this share of the sharpest frame of the same shot, a frame is out of focus or smeared...
BLURRED_SHARE = 0.4
# ... and so is a whole shot below this; sharp ones of soft footage have 0.16 and more, blurred pages 0.12.
BLURRED_SHARPNESS = 0.13
# Next to a cut, or in a whip pan; in between, what moves fast is smeared where it is soft too.
MOVING_STILLNESS = 0.05
SMEARED_SHARPNESS_X_STILLNESS = 0.03

# These may be the look of a whole video: a slide show, a poor rendition.
LOOKS = frozenset({"title card", "blurred", "blocky", "corrupt"})


# A dark ground that is written on is neither black nor blank: a recorded terminal or editor has nothing else.
def _is_written(cues: Cues) -> bool:
    return cues.writing > CERTAIN


def _is_black(cues: Cues) -> bool:
    is_dark_and_empty = cues.brightness < DARK_BRIGHTNESS and cues.contrast < DARK_CONTRAST
    is_grain = (
        cues.brightness < GRAINY_BRIGHTNESS
        and cues.contrast < GRAINY_CONTRAST
        and cues.stillness < GRAINY_STILLNESS
    )
    is_dark = cues.brightness < BLACK_BRIGHTNESS or is_dark_and_empty or is_grain
    return is_dark and not _is_written(cues)


def _is_white(cues: Cues) -> bool:
    is_blown = cues.brightness > BLOWN_BRIGHTNESS and cues.clipped > BLOWN_SHARE
    return cues.brightness > WHITE_BRIGHTNESS or (is_blown and cues.contrast < PAGE_CONTRAST)


def _is_blank(cues: Cues) -> bool:
    is_flat = cues.contrast < FLAT_CONTRAST or cues.uniformity > FLAT_UNIFORMITY
    return is_flat and not _is_written(cues)


def _is_moving(cues: Cues) -> bool:
    is_smeared = cues.sharpness * cues.stillness < SMEARED_SHARPNESS_X_STILLNESS
    return cues.stillness < MOVING_STILLNESS or is_smeared


# Where a frame is one of these, its other defects say nothing more.
SHOWS_NOTHING = ("black", "white", "blank")

# Written to reports and shown to people as they are.
GATES: Mapping[str, Callable[[Cues], bool]] = MappingProxyType(
    {
        "black": _is_black,
        "white": _is_white,
        "blank": _is_blank,
        "color bars": lambda cues: cues.color_bars > CERTAIN,
        "title card": lambda cues: cues.title_card > CERTAIN,
        "transition": lambda cues: cues.transition > CERTAIN,
        "blurred": lambda cues: cues.relative_sharpness < BLURRED_SHARE or cues.sharpness < BLURRED_SHARPNESS,
        "blocky": lambda cues: cues.blockiness > CERTAIN,
        "corrupt": lambda cues: max(cues.decoder_fill, cues.data_loss) > CERTAIN,
        "moving": _is_moving,
    }
)


def telling(names: Iterable[str]) -> tuple[str, ...]:
    """Leave out of some defects what says nothing more: a black frame is not sharp, too."""
    told = tuple(names)
    return next(((name,) for name in told if name in SHOWS_NOTHING), told)


def defects(cues: Cues) -> tuple[str, ...]:
    """Name what is wrong with a frame, in the order of `GATES`; nothing where it is usable."""
    return tuple(name for name, has in GATES.items() if has(cues))
