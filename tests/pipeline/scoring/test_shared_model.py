"""Several videos are scored with one model at once, each as if it were alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.media import pictures
from worker.errors import Stopping
from worker.pipeline.scoring.clip_scorer import ClipScorer

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb
    from worker.pipeline.scoring.models import Models


@pytest.fixture(scope="module")
def shared(models: Models) -> ClipScorer:
    """Return the bundled model, to be shared."""
    return models.scorer


@pytest.fixture(scope="module")
def videos() -> list[list[Rgb]]:
    """Return three lists of real frames, of which none fills its last batch."""
    return [
        pictures.footage("bikes", 26)[::2],
        pictures.footage("bigbuckbunny", 18)[::2],
        pictures.footage("carphone_pristine", 22)[::2],
    ]


def test_company_changes_no_bit_of_a_result(shared: ClipScorer, videos: list[list[Rgb]]) -> None:
    """What a video's frames are worth does not depend on what else is being scored."""
    alone = ClipScorer.load("lite", device="cpu")
    together = Barrier(len(videos))

    def embed(frames: list[Rgb]) -> np.ndarray:
        together.wait(timeout=60)
        return shared.embed(frames)

    with ThreadPoolExecutor(len(videos)) as jobs:
        embedded = list(jobs.map(embed, videos))

    for frames, embeddings in zip(videos, embedded, strict=True):
        assert np.array_equal(embeddings, alone.embed(frames))


def test_a_short_video_does_not_wait_for_a_long_one(shared: ClipScorer, videos: list[list[Rgb]]) -> None:
    """Batches take turns, so a few frames are done while many others still wait."""
    under_way = Barrier(2)
    seen: list[float] = []

    def note(fraction: float) -> None:
        if not seen:
            under_way.wait(timeout=60)
        seen.append(fraction)

    with ThreadPoolExecutor(1) as jobs:
        long = jobs.submit(shared.embed, videos[0] * 6, note)
        under_way.wait(timeout=60)
        shared.embed(videos[1][:1])
        seen_by_then = list(seen)
        long.result()

    assert len(seen_by_then) < len(seen)


def test_an_error_meets_only_the_video_that_caused_it(shared: ClipScorer, videos: list[list[Rgb]]) -> None:
    """A picture that cannot be read ends its own run; the model goes on serving the others."""
    no_picture = np.zeros((4, 4, 7), np.uint8)
    together = Barrier(2)

    def embed(frames: list[Rgb]) -> np.ndarray:
        together.wait(timeout=60)
        return shared.embed(frames)

    with ThreadPoolExecutor(2) as jobs:
        bad, good = jobs.submit(embed, [no_picture]), jobs.submit(embed, videos[0])

        with pytest.raises(TypeError):
            bad.result()
        assert len(good.result()) == len(videos[0])


def test_scoring_ends_between_batches_when_nobody_wants_it(
    shared: ClipScorer, videos: list[list[Rgb]]
) -> None:
    """A worker that is asked to stop does not wait for hundreds of frames."""
    heard: list[float] = []

    def stop(fraction: float) -> None:
        heard.append(fraction)
        raise Stopping("this worker is ending")

    with pytest.raises(Stopping):
        shared.embed(videos[0], stop)

    assert heard == [shared.batch_size / len(videos[0])]
