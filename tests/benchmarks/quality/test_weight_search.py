"""The search for weights finds what tells good frames from bad ones, and leaves alone what does not."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.quality.seen_videos import Judge, SeenVideo
from tests.benchmarks.quality.weight_search import NOT_FITTED, search
from tests.support.service.sample_run import CUES
from worker.pipeline.frames import Candidate

COUNT = 20
APART_S = 3.0


def video(rng: np.random.Generator) -> SeenVideo:
    """Good frames are well lit and bad ones dim; how sharp they are says nothing."""
    is_bad = rng.permutation(np.arange(COUNT) % 2 == 0)
    candidates = [
        Candidate(
            time_s=APART_S * number,
            shot=0,
            rgb=np.zeros((9, 16, 3), np.uint8),
            cues=CUES._replace(
                brightness=0.16 if dim else 0.2, relative_sharpness=float(rng.uniform(0.5, 1.0))
            ),
            active=None,
        )
        for number, dim in enumerate(is_bad)
    ]
    return SeenVideo(
        group=0,
        candidates=tuple(candidates),
        left_out={},
        embeddings=np.eye(COUNT, dtype=np.float32),
        faces=((),) * COUNT,
        appeal=lambda embeddings: {"in_focus": np.zeros(len(embeddings), np.float32)},
        kinds=tuple("dark noise" if dim else "" for dim in is_bad),
        pieces=(0,) * COUNT,
    )


def share_in_order(videos: list[SeenVideo], judge: Judge) -> float:
    """In how many pairs the good frame outscores the bad one."""
    shares = []
    for one in videos:
        scores = np.array([scored.score for scored in one.scored(judge, range(COUNT))])
        is_bad = np.array([bool(kind) for kind in one.kinds])
        shares.append((scores[~is_bad][:, None] > scores[is_bad]).mean())
    return float(np.mean(shares))


def test_weights_follow_what_tells_good_from_bad() -> None:
    """On videos that the search has not seen, too."""
    rng = np.random.default_rng(0)
    seen, unseen = [video(rng) for _ in range(6)], [video(rng) for _ in range(6)]

    found = search(seen)

    assert found["light"] > 1.5
    assert found["sharpness"] < 1.0
    assert share_in_order(unseen, Judge(found)) > share_in_order(unseen, Judge()) + 0.05


def test_a_strong_pull_keeps_the_weights() -> None:
    """What the videos say is then worth nothing."""
    found = search([video(np.random.default_rng(1))], pull=1e6)

    assert max(abs(times - 1) for times in found.values()) < 0.01


def test_what_trap_videos_cannot_tell_is_not_fitted() -> None:
    """Faces keep their weight: no trap takes one away."""
    assert not NOT_FITTED & search([video(np.random.default_rng(2))]).keys()
