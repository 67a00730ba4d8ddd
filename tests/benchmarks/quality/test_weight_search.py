"""The search for weights finds what tells good frames from bad ones, and leaves alone what does not."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.quality.seen_videos import ScoringVariant, SeenVideo
from tests.benchmarks.quality.weight_search import PARTS, Compared, compared_traps, search
from tests.support.service.sample_run import CUES
from worker.pipeline.frames import Candidate
from worker.pipeline.scoring.clip_scorer import ModelOutput
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS

COUNT = 20
APART_S = 3.0


def trap(rng: np.random.Generator) -> SeenVideo:
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
        looks=ModelOutput(np.eye(COUNT, dtype=np.float32), np.zeros(COUNT, np.float32)),
        faces=((),) * COUNT,
        texts=((),) * COUNT,
        appeal=lambda embeddings: {"in_focus": np.zeros(len(embeddings), np.float32)},
        taste=lambda _looks: None,
        kinds=tuple("dark noise" if dim else "" for dim in is_bad),
        pieces=(0,) * COUNT,
    )


def judged(rng: np.random.Generator) -> Compared:
    """Editors follow taste, for the most part, and a face; every other part says nothing."""
    parts = rng.normal(size=(COUNT, len(PARTS)))
    liking = parts[:, PARTS.index("taste")] + 0.5 * parts[:, PARTS.index("faces")]
    return Compared(parts, np.argsort(np.argsort(-(liking + 0.3 * rng.normal(size=COUNT)))))


def share_in_order(videos: list[SeenVideo], judge: ScoringVariant) -> float:
    """In how many pairs the good frame outscores the bad one."""
    shares = []
    for one in videos:
        scores = np.array([scored.score for scored in one.scored(judge, range(COUNT))])
        is_bad = np.array([bool(kind) for kind in one.kinds])
        shares.append((scores[~is_bad][:, None] > scores[is_bad]).mean())
    return float(np.mean(shares))


def test_traps_ask_for_what_tells_good_from_bad() -> None:
    """On videos that the search has not seen, too."""
    rng = np.random.default_rng(0)
    seen, unseen = [trap(rng) for _ in range(6)], [trap(rng) for _ in range(6)]

    found = search([], [compared_traps(video) for video in seen])

    assert found["light"] > 5 * found["sharpness"]
    fitted = ScoringVariant(DEFAULT_WEIGHTS._replace(**found))
    assert share_in_order(unseen, fitted) > share_in_order(unseen, ScoringVariant()) + 0.05


def test_judged_frames_ask_for_what_editors_follow() -> None:
    """In the proportion in which they follow it, and nothing else."""
    rng = np.random.default_rng(1)

    found = search([judged(rng) for _ in range(30)], [])

    assert found["taste"] == 1.0
    assert 0.4 < found["faces"] < 0.6
    assert max(weight for name, weight in found.items() if name not in {"taste", "faces"}) < 0.1


def test_traps_count_for_as_much_as_asked() -> None:
    """An editor does not mind the light here, and the traps do."""
    rng = np.random.default_rng(2)
    liked, traps = [judged(rng) for _ in range(10)], [compared_traps(trap(rng)) for _ in range(10)]

    light = [search(liked, traps, share)["light"] for share in (0.0, 1.0, 10.0)]

    assert light[0] < 0.1
    assert light[1] > light[0] + 0.1
    assert light[2] > light[1] + 0.1


def test_a_part_that_is_left_out_has_no_weight() -> None:
    """And the others are fitted without it."""
    found = search([judged(np.random.default_rng(3))], [], without=frozenset({"faces"}))

    assert found["faces"] == 0.0
    assert found["taste"] == 1.0
