"""A head that is proved to be worse goes by itself: by its challenge at any time, by drift once a month."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import update

from tests.support.learning import tested_videos as videos
from worker.database import transaction
from worker.database.learning import Head
from worker.learning import heads
from worker.learning.challenge import challenged
from worker.learning.drift import ScoredVariant, judge_drift
from worker.learning.watch import watch

if TYPE_CHECKING:
    from sqlalchemy import Engine

VECTORS = [np.zeros(videos.DIMENSIONS), np.ones(videos.DIMENSIONS)]


@pytest.fixture
def shipped(engine: Engine) -> int:
    """Return a head that is in use."""
    with transaction(engine) as session:
        row = Head(model=videos.SIGHT, state="passed", trained_on={}, arrays=b"", who="ada")
        session.add(row)
        session.flush()
        heads.ship(session, row.id, "ada")
        return row.id


def challenge(
    engine: Engine,
    head_id: int,
    count: int,
    lift: float,
    *,
    spread: int = 3,
    rate: float = 0.05,
    **values: Any,
) -> None:
    """Test what is picked with the head against what is picked by hand, in so many videos."""
    for asset_id in videos.assets(engine, count, f"a{lift}"):
        plays = [videos.even_plays(rate * (1 + lift), spread), videos.even_plays(rate, spread)]
        given = {"is_challenge": True, "head_id": head_id, "learned": [0.5, 0.0], **values}
        videos.store_trial(engine, asset_id, VECTORS, [1.0, 1.2], plays, **given)


def in_use(engine: Engine) -> list[int]:
    """Name the heads in use."""
    with transaction(engine) as session:
        return [head.id for head in heads.in_use(session)]


def found(engine: Engine, head_id: int) -> Any:
    """Judge the challenge of a head."""
    with transaction(engine) as session:
        return challenged(session, head_id)


def test_a_proved_loss_takes_the_head_out_of_use(engine: Engine, shipped: int) -> None:
    """Nobody needs to look."""
    challenge(engine, shipped, 15, -0.3)

    assert watch(engine) == 1

    assert in_use(engine) == []
    with transaction(engine) as session:
        because = heads.find(session, shipped).retired_because
    assert because is not None
    assert because.startswith("rolled back by the rules: viewers played less with it in 15 tests")


def test_a_head_that_a_person_takes_back_at_that_moment_is_left_alone(
    engine: Engine, shipped: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those after it are looked at."""
    challenge(engine, shipped, 15, -0.3)
    with transaction(engine) as session:
        used = heads.in_use(session)
        heads.roll_back(session, "bob", "it likes only cats", head_id=shipped)
    monkeypatch.setattr(heads, "in_use", lambda _: used)

    assert watch(engine) == 0
    with transaction(engine) as session:
        assert heads.find(session, shipped).retired_because == "rolled back by bob: it likes only cats"


@pytest.mark.parametrize(("count", "lift"), [(15, 0.3), (15, 0.0), (2, -0.3)])
def test_a_gain_or_too_little_proof_leaves_it_in_use(
    engine: Engine, shipped: int, count: int, lift: float
) -> None:
    """Two videos may differ by chance, however many viewers they had."""
    challenge(engine, shipped, count, lift)

    assert watch(engine) == 0
    assert in_use(engine) == [shipped]
    assert found(engine, shipped).tests == count


def test_tests_of_other_heads_broken_ones_and_ordinary_ones_do_not_count(
    engine: Engine, shipped: int
) -> None:
    """Nor does a test in which a variant was hardly played."""
    challenge(engine, shipped + 1, 2, -0.3)
    challenge(engine, shipped, 2, -0.31, outcome="broken")
    challenge(engine, shipped, 2, -0.32, is_challenge=False)
    challenge(engine, shipped, 2, -0.4, rate=0.002, spread=0)

    assert found(engine, shipped).tests == 0


def shown(trial_id: int, learned: float, plays: tuple[int, int]) -> list[ScoredVariant]:
    """Return two variants: the second has the better hand score, and the first what a head gives."""
    return [
        ScoredVariant(trial_id, 1.0, learned, 1_000, plays[0]),
        ScoredVariant(trial_id, 1.2, 0.0, 1_000, plays[1]),
    ]


def test_drift_compares_what_both_orders_would_have_shown() -> None:
    """Where both show the same, nothing was changed."""
    tests = [*shown(1, 0.5, (40, 50)), *shown(2, 0.1, (40, 50)), *shown(3, 0.5, (60, 50))]

    drift = judge_drift(tests)

    assert (drift.changed, drift.gain.size) == (2, 3)
    assert drift.gain.mean == pytest.approx((-10 / 45 + 0 + 10 / 55) / 3)
    assert not drift.is_worse


@pytest.mark.parametrize(("tests", "is_worse"), [(29, False), (30, True)])
def test_it_takes_thirty_changed_videos_to_find_a_drift(tests: int, is_worse: bool) -> None:
    """With fewer, an interval by Student's t is not to be trusted."""
    many = [one for number in range(tests) for one in shown(number, 0.5, (40 + number % 3, 50))]

    assert judge_drift(many).is_worse is is_worse


def test_a_head_that_drifted_is_found_once_a_month(engine: Engine, shipped: int) -> None:
    """In the tests of the last 90 days; what it was found to be is kept."""
    began = datetime.now(UTC) - timedelta(days=40)
    challenge(engine, shipped, 31, -0.05, is_challenge=False, began=began)
    assert watch(engine) == 0

    with transaction(engine) as session:
        session.execute(update(Head).values(shipped_at=Head.shipped_at - timedelta(days=31)))
    assert watch(engine) == 1

    assert in_use(engine) == []
    with transaction(engine) as session:
        row = heads.find(session, shipped)
        assert row.report is not None
        assert row.report["drift"]["changed"] == 31
        assert "in the 31 tests of the last 90 days" in str(row.retired_because)


def test_a_head_without_drift_is_looked_at_again_in_a_month(engine: Engine, shipped: int) -> None:
    """Not at each round of the dispatcher."""
    with transaction(engine) as session:
        session.execute(update(Head).values(shipped_at=Head.shipped_at - timedelta(days=31)))
    watch(engine)
    challenge(engine, shipped, 31, -0.05, is_challenge=False, began=datetime.now(UTC) - timedelta(days=40))

    assert watch(engine) == 0
    assert in_use(engine) == [shipped]


def test_what_the_dispatcher_imports_needs_no_numpy() -> None:
    """It runs where no worker is installed."""
    code = "import sys, worker.learning.watch, worker.learning.heads; sys.exit('numpy' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)
