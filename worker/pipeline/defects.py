"""What makes a frame unfit for a thumbnail, by name.

A frame with a defect is picked only where the whole video has nothing better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from worker.pipeline.frames import Cues

# Black: hardly any light, or little light and nothing to see in it. A night scene has contrast.
BLACK_BRIGHTNESS = 0.015
DARK_BRIGHTNESS, DARK_CONTRAST = 0.12, 0.07
# White flash, fade to white.
WHITE_BRIGHTNESS = 0.93
BLOWN_BRIGHTNESS, BLOWN_SHARE = 0.75, 0.6
# A page with text or a chart is mostly white too, and has this contrast; a flash or a fade has half of it.
PAGE_CONTRAST = 0.2
# One flat colour, whatever it is.
FLAT_CONTRAST = 0.03
FLAT_UNIFORMITY = 0.97
# Confidence from which a measured pattern counts.
CERTAIN = 0.5
# Below this share of the sharpest frame of the same shot, a frame is out of focus or smeared...
BLURRED_SHARE = 0.4
# ... and so is a whole shot below this; sharp ones of soft footage have 0.16 and more.
BLURRED_SHARPNESS = 0.12
# Next to a cut, or in a whip pan; in between, what moves fast is smeared where it is soft too.
MOVING_STILLNESS = 0.05
SMEARED_SHARPNESS_X_STILLNESS = 0.03

# These may be the look of a whole video: a slide show, a poor rendition.
LOOKS = frozenset({"title card", "blurred", "blocky"})


def defects(cues: Cues) -> tuple[str, ...]:
    """Names of what is wrong with a frame; empty where it is usable."""
    found = {
        "black": cues.brightness < BLACK_BRIGHTNESS
        or (cues.brightness < DARK_BRIGHTNESS and cues.contrast < DARK_CONTRAST),
        "white": cues.brightness > WHITE_BRIGHTNESS
        or (
            cues.brightness > BLOWN_BRIGHTNESS
            and cues.clipped > BLOWN_SHARE
            and cues.contrast < PAGE_CONTRAST
        ),
        "blank": cues.contrast < FLAT_CONTRAST or cues.uniformity > FLAT_UNIFORMITY,
        "color bars": cues.color_bars > CERTAIN,
        "title card": cues.title_card > CERTAIN,
        "transition": cues.transition > CERTAIN,
        "blurred": cues.relative_sharpness < BLURRED_SHARE or cues.sharpness < BLURRED_SHARPNESS,
        "blocky": cues.blockiness > CERTAIN,
        "moving": cues.stillness < MOVING_STILLNESS
        or cues.sharpness * cues.stillness < SMEARED_SHARPNESS_X_STILLNESS,
    }
    return tuple(name for name, is_present in found.items() if is_present)
