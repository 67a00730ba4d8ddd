"""Videos that viewers with a known taste were shown two pictures of, and people chose among, as rows."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import insert, select

from tests.support.service import builders
from worker.database import transaction
from worker.database.choices import Choice, Judgement
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.database.trials import Trial, TrialCount, Variant
from worker.pipeline.earlier_run import encode_embedding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Engine

SIGHT = "lite #1 abc"
DIMENSIONS = 6
TASTE = np.eye(DIMENSIONS)[0]  #: frames that lie further along it are played more
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
IMPRESSIONS, RATE, WORTH = 40_000, 0.05, 0.3
CUES = {
    "brightness": 0.5,
    "contrast": 0.4,
    "clipped": 0.0,
    "uniformity": 0.1,
    "sharpness": 0.8,
    "relative_sharpness": 0.9,
    "stillness": 0.9,
    "transition": 0.0,
    "color_bars": 0.0,
    "title_card": 0.0,
    "blockiness": 0.0,
}
BLACK = CUES | {"brightness": 0.0, "contrast": 0.0}


def assets(engine: Engine, count: int, account: str = "main") -> list[int]:
    """Store so many videos, and return their ids."""
    with transaction(engine) as session:
        values = [
            {
                "platform": "mux",
                "account": account,
                "external_id": f"{account}-{number}",
                "title": f"No. {number}",
            }
            for number in range(count)
        ]
        return list(session.scalars(insert(Asset).returning(Asset.id), values))


def store_frames(engine: Engine, asset_ids: Sequence[int], seed: int = 5, cues: Any = CUES) -> None:
    """Store ten frames of each, that no viewer has seen; their hand scores have a deviation of 1."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "asset_id": asset_id,
            "generation": 1,
            "time_s": float(number),
            "shot": 0,
            "score": float(rng.normal()),
            "parts": {},
            "lost_because": None,
            "cues": cues,
            "embedding": encode_embedding(_vector(rng)),
            "model": SIGHT,
            "jpeg": builders.SMALL_JPEG,
        }
        for asset_id in asset_ids
        for number in range(10)
    ]
    with transaction(engine) as session:
        session.execute(insert(StoredCandidate), rows)


def frames_of(asset_id: int) -> Any:
    """Build the question for the stored frames of a video, in order of time."""
    return select(StoredCandidate).where(StoredCandidate.asset_id == asset_id).order_by(StoredCandidate.id)


def show_viewers(
    engine: Engine, asset_ids: Sequence[int], taste: float = 1.0, seed: int = 6, **values: Any
) -> None:
    """Let viewers see two pictures of each video, one video a day, and play what they like.

    Args:
        engine: the database.
        asset_ids: of the videos.
        taste: how much of `TASTE` they have; below 0 they like the opposite.
        seed: draws the pictures and the viewers.
        **values: of the trials.
    """
    rng = np.random.default_rng(seed)
    trials = [_trial(asset_id, day) | values for day, asset_id in enumerate(asset_ids)]
    variants, counts = [], []
    with transaction(engine) as session:
        of_trials = insert(Trial).returning(Trial.id, sort_by_parameter_order=True)
        for trial_id in session.scalars(of_trials, trials).all():
            for number in range(2):
                vector, hand = _vector(rng), float(rng.normal(0, 0.3))
                rate = RATE * math.exp(taste * WORTH * float(vector @ TASTE))
                plays = int(rng.poisson(IMPRESSIONS * rate))
                variants.append(_variant(trial_id, number, vector, hand))
                counts.append(_count(trial_id, 64 * number, IMPRESSIONS, plays))
        session.execute(insert(Variant), variants)
        session.execute(insert(TrialCount), counts)


def store_trial(
    engine: Engine,
    asset_id: int,
    vectors: Sequence[NDArray[Any]],
    hands: Sequence[float],
    plays: Sequence[Sequence[int]],
    day: int = 0,
    *,
    head_id: int | None = None,
    learned: Sequence[float] | None = None,
    began: datetime = BEGAN,
    **values: Any,
) -> int:
    """Store a test that has ended, with the plays of each of the 64 buckets of both variants."""
    with transaction(engine) as session:
        trial = Trial(**(_trial(asset_id, day, began) | values))
        session.add(trial)
        session.flush()
        for number, (vector, hand, of_buckets) in enumerate(zip(vectors, hands, plays, strict=True)):
            thumbnail_id = None
            if learned is not None:
                thumbnail = _thumbnail(asset_id, number, hand, learned[number])
                session.add(thumbnail)
                session.flush()
                thumbnail_id = thumbnail.id
            of = {"head_id": head_id, "thumbnail_id": thumbnail_id}
            session.add(Variant(**_variant(trial.id, number, vector, hand) | of))
            session.flush()
            session.execute(
                insert(TrialCount),
                [
                    _count(trial.id, 64 * number + bucket, IMPRESSIONS // 64, one)
                    for bucket, one in enumerate(of_buckets)
                ],
            )
        return trial.id


def _trial(asset_id: int, day: int, began: datetime = BEGAN) -> dict[str, Any]:
    return {
        "asset_id": asset_id,
        "aspect": "16:9",
        "kind": "viewers",
        "metric": "plays",
        "salt": "0" * 16,
        "state": "ended",
        "outcome": "undecided",
        "alpha": 0.05,
        "tau": 0.2,
        "started_by": "test",
        "started_at": began + timedelta(days=day),
        "ends_at": began + timedelta(days=day + 28),
    }


def _variant(trial_id: int, number: int, vector: NDArray[Any], hand: float) -> dict[str, Any]:
    return {
        "trial_id": trial_id,
        "number": number,
        "sha256": "ab" * 32,
        "time_s": float(number),
        "bucket_from": 64 * number,
        "bucket_to": 64 * number + 64,
        "model": SIGHT,
        "embedding": encode_embedding(np.asarray(vector, np.float32)),
        "hand_score": hand,
    }


def _count(trial_id: int, bucket: int, impressions: int, plays: int) -> dict[str, int]:
    counts = {"impressions": impressions, "plays": plays, "quality_plays": plays}
    return {"trial_id": trial_id, "bucket": bucket, **counts}


def _thumbnail(asset_id: int, time_s: float, hand: float, learned: float) -> Thumbnail:
    return Thumbnail(
        asset_id=asset_id,
        generation=1,
        rank=0,
        aspect="16:9",
        time_s=time_s,
        score=hand + learned,
        parts={"learned": learned},
        reasons=[],
        faces=[],
        box=[0, 0, 16, 9],
        width_px=16,
        height_px=9,
        jpeg=builders.JPEG,
        sha256="ab" * 32,
        model=SIGHT,
    )


def choose_among(engine: Engine, asset_ids: Sequence[int], taste: float = 1.0, seed: int = 7) -> None:
    """Let people take a frame of each that the hand score likes less than two picks, and they like more."""
    rng = np.random.default_rng(seed)
    with transaction(engine) as session:
        for number, asset_id in enumerate(asset_ids):
            at = BEGAN + timedelta(hours=number)
            choice = Choice(
                asset_id=asset_id,
                kind="candidate",
                time_s=1.0,
                generation=1,
                who="ada",
                made_at=at,
                released_at=at,
                model=SIGHT,
            )
            session.add(choice)
            session.flush()
            seen = [_vector(rng) for _ in range(3)]
            liked = [taste * float(vector @ TASTE) + float(rng.normal(0, 0.2)) for vector in seen]
            chosen = int(np.argmax(liked))
            session.add_all(
                Judgement(
                    asset_id=asset_id,
                    choice_id=choice.id,
                    at=at,
                    who="ada",
                    kind="candidate",
                    model=SIGHT,
                    chosen_time_s=1.0,
                    chosen_embedding=encode_embedding(seen[chosen]),
                    chosen_score=1.0,
                    other_time_s=2.0,
                    other_embedding=encode_embedding(seen[other]),
                    other_score=1.0 + abs(float(rng.normal(0, 0.3))),
                    other_rank=rank,
                    was_shown=rank == 1,
                )
                for rank, other in enumerate({0, 1, 2} - {chosen}, start=1)
            )


def even_plays(rate: float, spread: int = 0) -> list[int]:
    """Return the plays of 64 buckets with this rate, every other one a little above and below."""
    each = round(IMPRESSIONS // 64 * rate)
    return [each + (spread if bucket % 2 else -spread) for bucket in range(64)]


def _vector(rng: np.random.Generator) -> NDArray[np.float32]:
    return np.asarray(rng.normal(size=DIMENSIONS), np.float32)
