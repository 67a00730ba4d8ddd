"""A video of any shape gets a pick, at a cost that its shape does not multiply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import pytest

from tests.support.media import pictures
from worker.pipeline.container.probe import probe
from worker.pipeline.cues import sharpness
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models

SHAPES = [(16, 4000), (64, 8192), (2, 4000), (4000, 16), (4000, 2), (1, 1), (1, 720), (3, 5)]
COMPARED_PX = 320 * 320 * 4  #: of a frame beside a still; an upright film of 9:16 has 180,000
SCANNED_PX = 2 * 320 * 180


def written(path: Path, size: tuple[int, int]) -> Path:
    """Write a second of one picture, so that all frames are compared; FFV1 takes every size."""
    with av.open(path, "w") as container:
        # The first version of the format has no slices, which need some rows each.
        stream = container.add_stream("ffv1", rate=10, options={"level": "1"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for rgb in pictures.noise(1, size=size) * 10:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb).reformat(format="yuv420p")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("size", SHAPES, ids=lambda size: "x".join(map(str, size)))
def test_every_shape_gets_a_pick(
    tmp_path: Path, size: tuple[int, int], models: Models, decoder: Decoder
) -> None:
    """Of its own size, for there is nothing to trim."""
    run = pick_thumbnails(written(tmp_path / "a.mkv", size), Options(count=1), models, decoder)

    (pick,) = run.picks
    assert (pick.still_width_px, pick.still_height_px) == size


@pytest.mark.parametrize("size", SHAPES, ids=lambda size: "x".join(map(str, size)))
def test_no_shape_is_enlarged_beyond_bounds(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what the scan keeps, nor what is measured of the frames beside a still."""
    measured: list[int] = []
    measure = sharpness.sharpness

    def spy(luma: np.ndarray) -> float:
        measured.append(luma.size)
        return measure(luma)

    monkeypatch.setattr(sharpness, "sharpness", spy)
    video = probe(written(tmp_path / "a.mkv", size))
    candidates = scan(video).candidates
    take_stills(video, [0.5])

    assert max(candidate.rgb.size // 3 for candidate in candidates) <= SCANNED_PX
    assert 0 < max(measured) <= COMPARED_PX
