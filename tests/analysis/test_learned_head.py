"""What viewers like counts from the next job on, and some new videos ask them whether it is true."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from tests.support.heads import arrays, head
from tests.support.media import pictures
from tests.support.service import builders, measured_run
from worker import jobs
from worker.analysis.challenge import ONE_OF, WHO, is_challenged, is_drawn, start_challenge
from worker.database import transaction
from worker.database.learning import Head
from worker.database.models import Asset, Job, StoredCandidate, Thumbnail
from worker.database.trials import Trial, TrialDay, Variant
from worker.trials import starting

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from tests.support.service.analyzer_rig import AnalyzerRig

SETTINGS = builders.make_settings()
FILM = pictures.footage_path("bikes")
FRAMES_PER_S = 25
BEST_S, NEXT_S = 5.28, 6.76  #: of the film, by hand


def picks_of(rig: AnalyzerRig) -> list[Thumbnail]:
    """Return what the newest run picked, best first."""
    rows = builders.every(rig.engine, Thumbnail)
    return [row for row in rows if row.generation == rows[-1].generation]


def ship(rig: AnalyzerRig, number: int = 1) -> int:
    """Put a head into use that likes the next best frame of the film more than the best."""
    scorer = rig.analyzer.models.scorer
    seen = [
        pictures.footage("bikes", 1, start=round(time_s * FRAMES_PER_S))[0] for time_s in (BEST_S, NEXT_S)
    ]
    best, other = scorer.embed(seen)
    row = {"state": "shipped", "trained_on": {}, "who": "sam", "arrays": arrays(9 * (other - best))}
    with transaction(rig.engine) as session:
        session.add(Head(id=number, model=scorer.sight, **row))
    return number


def requeue(rig: AnalyzerRig) -> None:
    """Look at the asset again, with what was seen of it."""
    with transaction(rig.engine) as session:
        asset_id = session.scalars(select(Asset.id)).one()
        jobs.requeue(session, asset_id, "sam", "", rig.analyzer.settings, model="lite")


def work(rig: AnalyzerRig) -> Job:
    """Do what is due."""
    job = rig.work()
    assert job.state == "completed", job.error
    return job


def count_viewers(engine: Engine) -> None:
    """Let an earlier test of the account have counted viewers today."""
    now = datetime.now(UTC)
    builders.record(engine, builders.event(asset_id="seen"))
    with transaction(engine) as session:
        row: dict[str, Any] = {"kind": "viewers", "metric": "plays", "state": "ended", "outcome": "alike"}
        row |= {"aspect": "16:9", "salt": "0", "alpha": 0.05, "tau": 0.2, "started_by": "sam"}
        asset = session.scalars(select(Asset).where(Asset.external_id == "seen")).one()
        jobs.cancel(session, asset, "for the test")
        trial = Trial(asset_id=asset.id, ends_at=now, ended_at=now, **row)
        session.add(trial)
        session.flush()
        session.add(TrialDay(trial_id=trial.id, day=now.date(), variant=0, impressions=9))


def test_a_shipped_head_decides_between_good_frames_until_it_is_taken_back(rig: AnalyzerRig) -> None:
    """Neither its picks stay then, nor did those by hand before; and no frame is seen anew."""
    rig.upload(FILM)
    work(rig)
    by_hand = picks_of(rig)

    head_id = ship(rig)
    requeue(rig)
    work(rig)
    with_head, frames = picks_of(rig), builders.every(rig.engine, StoredCandidate)
    with transaction(rig.engine) as session:
        session.execute(update(Head).values(state="retired"))
    requeue(rig)
    job = work(rig)

    assert [row.time_s for row in with_head] == pytest.approx([NEXT_S, BEST_S], abs=0.1)
    assert with_head[0].reasons == ["learned"]
    assert with_head[0].hand_score == pytest.approx(by_hand[1].hand_score)
    assert with_head[0].score == pytest.approx(by_hand[1].score + with_head[0].parts["learned"])
    assert {row.head_id for row in with_head} == {head_id}
    assert {row.head_id for row in frames if row.score is not None} == {head_id}
    assert {row.head_id for row in frames if row.score is None} <= {None}
    assert "were used again" in job.note
    again = [(row.time_s, row.score, row.parts, row.reasons, row.head_id) for row in picks_of(rig)]
    assert again == [(row.time_s, row.score, row.parts, row.reasons, None) for row in by_hand]


def test_a_new_video_that_is_drawn_tests_the_pick_with_the_head_against_that_by_hand(
    rig: AnalyzerRig,
) -> None:
    """Both are pictures of its run, and without the test viewers see that with the head."""
    count_viewers(rig.engine)
    rig.upload(FILM)
    asset_id = builders.every(rig.engine, Asset)[-1].id
    ship(rig, next(number for number in itertools.count(1) if is_drawn(asset_id, number)))

    work(rig)

    first, second = picks_of(rig)
    trial = builders.every(rig.engine, Trial)[-1]
    variants = builders.every(rig.engine, Variant)
    assert (trial.is_challenge, trial.started_by, trial.state) == (True, WHO, "running")
    assert [(row.number, row.thumbnail_id) for row in variants] == [(0, first.id), (1, second.id)]
    assert first.reasons[0] == "learned"
    assert second.reasons[0] == "by_hand"
    assert first.hand_score < second.hand_score


class TestNothingIsTested:
    """The video has its thumbnail all the same."""

    def start(self, engine: Engine, hand_rank: int | None) -> Trial | None:
        """Store the result of a drawn video, and let it start its test."""
        builders.record(engine, builders.event())
        claim = builders.claimed(engine)
        with transaction(engine) as session:
            found = measured_run.result()
            assert jobs.complete(session, claim, found) == "completed"
            started = start_challenge(session, claim, found, hand_rank, SETTINGS)
        assert builders.publication_states(engine) == ["pending"]
        return started

    @pytest.mark.parametrize("hand_rank", [None, 1])
    def test_where_there_are_no_two_pictures(self, engine: Engine, hand_rank: int | None) -> None:
        """The head agrees with the hand, or theirs look alike."""
        count_viewers(engine)

        assert self.start(engine, hand_rank) is None

    def test_where_nobody_counts_viewers(self, engine: Engine) -> None:
        """It would go on for weeks, and see nothing."""
        assert self.start(engine, 2) is None

    def test_where_a_test_is_refused(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever the reason: what the job found is stored."""

        def refuse(session: Session, *_: Any, **__: Any) -> None:
            session.execute(update(Asset).values(title="half done"))
            raise starting.TrialRefused("not now")

        count_viewers(engine)
        monkeypatch.setattr(starting, "start", refuse)

        assert self.start(engine, 2) is None
        assert "half done" not in {asset.title for asset in builders.every(engine, Asset)}

    def test_of_a_video_that_is_known_or_without_a_head(self, engine: Engine) -> None:
        """Viewers of a known video keep their picture."""
        builders.record(engine, builders.event())
        new = builders.claimed(engine)
        known = replace(new, known_fingerprint="f1")
        drawn = next(number for number in itertools.count(1) if is_drawn(new.asset_id, number))
        other = next(number for number in itertools.count(1) if not is_drawn(new.asset_id, number))

        assert is_challenged(new, head([1.0], number=drawn))
        assert not is_challenged(known, head([1.0], number=drawn))
        assert not is_challenged(new, head([1.0], number=other))
        assert not is_challenged(new, None)


def test_one_of_ten_is_drawn_and_another_head_draws_others() -> None:
    """So no video is always the one."""
    drawn = [{asset for asset in range(10_000) if is_drawn(asset, head)} for head in (1, 2)]

    assert [len(one) for one in drawn] == pytest.approx([10_000 / ONE_OF] * 2, rel=0.1)
    assert len(drawn[0] & drawn[1]) < len(drawn[0]) / 2
