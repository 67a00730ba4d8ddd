"""What is learned from is read out of the database: tests and choices that one model has measured."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import update

from tests.support.learning import tested_videos as videos
from worker.database import transaction
from worker.database.choices import Judgement
from worker.database.models import StoredCandidate
from worker.database.trials import Variant
from worker.learning.training import data
from worker.learning.training.data import Stored, newest_model
from worker.learning.training.learn import learn
from worker.pipeline.earlier_run import encode_embedding

if TYPE_CHECKING:
    from sqlalchemy import Engine

PLAYS = [videos.even_plays(0.05), videos.even_plays(0.06)]
VECTORS = [np.arange(videos.DIMENSIONS), np.ones(videos.DIMENSIONS)]


def store(engine: Engine, asset_id: int, plays: Any = None, **values: Any) -> int:
    """Store a test of two pictures."""
    return videos.store_trial(engine, asset_id, VECTORS, [1.0, 0.5], plays or PLAYS, **values)


def videos_read(source: Stored) -> list[int]:
    """Name the videos whose tests are read."""
    return [video for tests in source.tests() for video in tests.videos.tolist()]


def test_a_test_is_read_with_what_each_variant_was_and_got(engine: Engine) -> None:
    """Its counts are added up over the buckets of the variant."""
    (asset_id,) = videos.assets(engine, 1)
    store(engine, asset_id)

    (tests,) = Stored(engine, videos.SIGHT).tests()

    assert tests.videos.tolist() == [asset_id]
    assert tests.accounts.tolist() == ["mux/main"]
    assert tests.at_s.tolist() == [videos.BEGAN.timestamp()]
    assert np.array_equal(tests.embeddings, np.array(VECTORS, np.float32))
    assert tests.hand.tolist() == [1.0, 0.5]
    assert tests.impressions.tolist() == [40_000, 40_000]
    assert tests.plays.tolist() == [sum(PLAYS[0]), sum(PLAYS[1])]
    assert tests.shares.tolist() == [0.5, 0.5]


def test_tests_that_tell_nothing_are_left_out(engine: Engine) -> None:
    """Broken ones, those of days and of watch time, and those with hardly any plays."""
    assets = videos.assets(engine, 6)
    store(engine, assets[0], outcome="broken")
    store(engine, assets[1], kind="slots")
    store(engine, assets[2], metric="watch")
    store(engine, assets[3], [[0] * 64, [0] * 64])
    store(engine, assets[4])
    with transaction(engine) as session:
        session.execute(update(Variant).values(model="other #1").where(Variant.number == 1))
    store(engine, assets[5], state="running", outcome=None)

    assert videos_read(Stored(engine, videos.SIGHT)) == [assets[5]]


def test_tests_and_choices_are_read_in_pages(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million of them must not be held in memory."""
    assets = videos.assets(engine, 7)
    for asset_id in assets:
        store(engine, asset_id)
    videos.choose_among(engine, assets)
    monkeypatch.setattr(data, "_TESTS_AT_ONCE", 3)
    monkeypatch.setattr(data, "_PAIRS_AT_ONCE", 4)
    source = Stored(engine, videos.SIGHT)

    assert [len(tests.videos) for tests in source.tests()] == [3, 3, 1]
    assert videos_read(source) == assets
    pairs = list(source.choices())
    assert [len(page.choices) for page in pairs] == [4, 4, 4, 2]
    assert len(np.unique(np.concatenate([page.choices for page in pairs]))) == 7


def test_choices_of_another_model_or_without_scores_are_left_out(engine: Engine) -> None:
    """Vectors of two models cannot be compared."""
    assets = videos.assets(engine, 3)
    videos.choose_among(engine, assets)
    with transaction(engine) as session:
        of = update(Judgement)
        session.execute(of.where(Judgement.asset_id == assets[0]).values(model="other #1"))
        session.execute(of.where(Judgement.asset_id == assets[1]).values(chosen_score=None))

    (pairs,) = Stored(engine, videos.SIGHT).choices()

    assert set(pairs.videos.tolist()) == {assets[2]}


BROKEN_VECTORS = (
    b"",
    b"\0" * 5,
    encode_embedding(np.ones(videos.DIMENSIONS + 1, np.float32)),
    encode_embedding(np.full(videos.DIMENSIONS, np.nan, np.float32)),
)


@pytest.mark.parametrize("broken", BROKEN_VECTORS)
def test_a_damaged_vector_costs_its_row_and_no_other(engine: Engine, broken: bytes) -> None:
    """One bad row of a million must not end every training."""
    assets = videos.assets(engine, 3)
    videos.store_frames(engine, assets)
    first, *_ = (store(engine, asset_id) for asset_id in assets)
    videos.choose_among(engine, assets)
    with transaction(engine) as session:
        session.execute(update(Variant).values(embedding=broken).where(Variant.trial_id == first))
        of_first = update(Judgement).where(Judgement.asset_id == assets[0])
        session.execute(of_first.values(other_embedding=broken))
        of_one = update(StoredCandidate).where(StoredCandidate.time_s == 0)
        session.execute(of_one.values(embedding=broken))
    source = Stored(engine, videos.SIGHT)

    assert videos_read(source) == assets[1:]
    (pairs,) = source.choices()
    assert set(pairs.videos.tolist()) == set(assets[1:])
    assert [len(frames.hand) for frames in source.frames()] == [9, 9, 9]
    assert np.isfinite(learn(source).direction).all()


def test_a_score_that_is_no_number_costs_its_row_and_no_other(engine: Engine) -> None:
    """It would make a head of no numbers."""
    assets = videos.assets(engine, 2)
    videos.store_frames(engine, assets)
    for asset_id in assets:
        store(engine, asset_id)
    videos.choose_among(engine, assets)
    nan = float("nan")
    with transaction(engine) as session:
        session.execute(update(Variant).values(hand_score=nan).where(Variant.id == 1))
        of_first = update(Judgement).where(Judgement.asset_id == assets[0])
        session.execute(of_first.values(other_score=nan))
        of_frames = update(StoredCandidate)
        session.execute(of_frames.values(score=nan).where(StoredCandidate.time_s == 0))
        session.execute(of_frames.values(parts={"learned": None}).where(StoredCandidate.time_s == 1))
    source = Stored(engine, videos.SIGHT)

    assert videos_read(source) == assets[1:]
    assert {video for pairs in source.choices() for video in pairs.videos.tolist()} == {assets[1]}
    assert [len(frames.hand) for frames in source.frames()] == [8, 8]
    assert np.isfinite(learn(source).direction).all()


def test_only_what_is_newer_than_asked_and_was_there_then_is_read(engine: Engine) -> None:
    """A head is judged on what it was trained on."""
    assets = videos.assets(engine, 3)
    first, second, _ = (store(engine, asset_id, day=number) for number, asset_id in enumerate(assets))
    assert first < second

    source = Stored(engine, videos.SIGHT, videos.BEGAN + timedelta(hours=1), second, 0)

    assert videos_read(source) == [assets[1]]


def test_frames_come_from_videos_all_over_and_without_the_heads_part(engine: Engine) -> None:
    """What a head gave must not teach the next one."""
    assets = videos.assets(engine, 40)
    videos.store_frames(engine, assets)
    source = Stored(engine, videos.SIGHT)
    by_hand = next(source.frames()).hand
    with transaction(engine) as session:
        given = {"parts": {"learned": 0.5}, "score": StoredCandidate.score + 0.5}
        session.execute(update(StoredCandidate).values(given))

    assert np.allclose(next(source.frames()).hand, by_hand)
    assert len(list(source.frames())) == 40
    some = source.sampled(4)
    assert len(some) == 4
    assert some[-1] - some[0] >= 20


def test_the_model_that_judges_now_is_that_of_the_newest_frames(engine: Engine) -> None:
    """None where nothing was looked at."""
    assert newest_model(engine) is None

    videos.store_frames(engine, videos.assets(engine, 1))

    assert newest_model(engine) == videos.SIGHT
