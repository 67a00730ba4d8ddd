"""Where a crop goes along the one side that it slides on: the terms, and how they are weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from worker.pipeline.crop.places import CropPlaces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.pipeline.crop.scene import Scene

# A crop that keeps less of the main figure than this share of the most that any crop keeps, loses it.
KEPT_SHARE = 0.6
# Crops whose worth differs by less than this share of the best are alike: then minor heads decide.
TIE_SHARE = 0.03
# What stands out is worth so much beside a full face or figure of 1; cutting a line of text as wide as the
# picture costs so much.
SALIENCY_VALUE, TEXT_VALUE = 0.3, 0.6

# What matters goes to this share of the crop's length: across to the middle; down above it, body below.
MIDDLE, FACE_LINE = 0.5, 0.4
# Where the middle of a flat crop of a tall still goes if nothing stands out: people stand in the upper part.
UPPER_THIRD = 1 / 3
# The best place must hold so much more saliency than the mean of all; with less, nothing stands out.
_MIN_SALIENCE = 1.05


def best_start(scene: Scene, length_px: int, *, across: bool) -> int:
    """Find where a crop of this length begins: from the left where it slides across, else from the top.

    In this order: it does not lose the main figure, cuts as little of main heads as can be, is worth most;
    between crops of like worth, minor heads decide.
    """
    places = CropPlaces(scene.width_px if across else scene.height_px, length_px, across)
    worth = _worth(scene, places)
    best = float(worth.max())
    minor = [head for head in scene.heads if head.is_minor]
    order = (  # what decides first stands first; the least wins
        _loses_main_figure(scene, places),
        places.cut_value(head for head in scene.heads if head.is_main),
        np.floor((best - worth) / max(TIE_SHARE * abs(best), 1e-9)),
        places.cut_value(minor) - places.whole_value(minor),
        -worth,
    )
    return int(np.lexsort(order[::-1])[0])


def _worth(scene: Scene, places: CropPlaces) -> NDArray[np.float64]:
    """Add up what each crop is worth: what it keeps near its line, less what it cuts."""
    line = MIDDLE if places.across else FACE_LINE
    worth = SALIENCY_VALUE * _stands_out(scene, places)
    for figure in scene.figures:
        if figure.value:
            worth = worth + figure.value * places.about(places.cells(figure), MIDDLE)
    for head in scene.heads:
        if not head.is_minor:
            span = places.fitting(head)
            near = places.about(_as_cells(places, span), line)
            worth = worth + head.value * (near + places.is_whole(span) - places.is_cut(span))
    for box in scene.text:
        first, last = places.span(box)
        if last - first <= places.length_px:
            worth = worth - TEXT_VALUE * box.width / scene.width_px * places.is_cut((first, last))
    return worth


def _as_cells(places: CropPlaces, span: tuple[int, int]) -> NDArray[np.float64]:
    """Spread 1 evenly over a part of the side, in cells of a pixel."""
    cells = np.zeros(places.side_px)
    cells[span[0] : span[1]] = 1 / max(1, span[1] - span[0])
    return cells


def _stands_out(scene: Scene, places: CropPlaces) -> NDArray[np.float64]:
    """Measure the share of what stands out that each crop holds near its middle.

    Where nothing does, and there is no figure, the crops nearest to the usual place are worth most.
    """
    profile = np.asarray(scene.saliency.sum(axis=0 if places.across else 1), np.float64)
    held = places.about(profile / max(profile.sum(), 1e-9), MIDDLE)
    if scene.figures or held.max() > _MIN_SALIENCE * held.mean():
        return held
    is_tall = scene.height_px > scene.width_px
    usual = UPPER_THIRD if is_tall and not places.across else MIDDLE
    distance = np.abs(places.starts + places.length_px / 2 - usual * places.side_px)
    return np.asarray(1 - distance / places.side_px)


def _loses_main_figure(scene: Scene, places: CropPlaces) -> NDArray[np.bool_]:
    """Tell which crops keep too little of the largest figure, its heads included."""
    if not scene.figures:
        return np.zeros(len(places.starts), np.bool_)
    main = scene.figures[0]
    kept = main.value * places.share(places.cells(main))
    kept = kept + sum(head.value * places.share_of(places.fitting(head)) for head in main.heads)
    return np.asarray(kept < KEPT_SHARE * kept.max())
