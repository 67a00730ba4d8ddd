"""A video with three picks that a test can compare, and what happens to both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, cast, func, select, update

from tests.support.service import builders, chosen_asset, measured_run
from worker.database import NOW, transaction
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.trials import Trial, TrialCount, TrialDay
from worker.trials import looking, starting, stopping

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Engine

    from worker import jobs
    from worker.database.states import TrialOutcome
    from worker.settings import Settings

WHO = "ada@host"
ACCOUNT = {"token_id": "id", "token_secret": "s", "webhook_secret": "w"}
BEST_S, SECOND_S, THIRD_S = measured_run.PICKS_S


def make_settings(account: dict[str, Any] | None = None, **values: Any) -> Settings:
    """Return settings with the account mux/main."""
    own = ACCOUNT | (account or {})
    return builders.make_settings(**{"mux": {"main": own}, **values})


def found(
    fingerprint: str = "f1", picks_s: tuple[float, ...] = measured_run.PICKS_S, **values: Any
) -> jobs.Result:
    """Return what a job found: each pick a picture of its own."""
    result = measured_run.result(fingerprint, picks_s, **values)
    for thumbnail in result.thumbnails:
        thumbnail.sha256 = f"{round(thumbnail.time_s * 1000):064x}"
    return result


def published(engine: Engine) -> Engine:
    """Let a video be looked at, and its best pick be written."""
    measured_run.look(engine, found())
    assert chosen_asset.publish(engine) == BEST_S
    return engine


def look_again(engine: Engine, result: jobs.Result, minute: int = 1) -> None:
    """Let the video be looked at again, and bring this."""
    measured_run.look(engine, result, minute=minute)


def start(engine: Engine, settings: Settings | None = None, **values: Any) -> Trial:
    """Start a test of the only video."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, builders.asset(engine).id, with_for_update=True)
        return starting.start(session, asset, WHO, settings or make_settings(), **values)


def stop(engine: Engine, **values: Any) -> None:
    """Stop the newest test of the only video."""
    with transaction(engine) as session:
        session.get_one(Asset, builders.asset(engine).id, with_for_update=True)
        trial = session.scalars(select(Trial).order_by(Trial.id.desc()).limit(1)).one()
        stopping.stop(session, trial, "bob@host", "", **values)


def end(engine: Engine, outcome: TrialOutcome, winner: int | None = None) -> None:
    """Let the rules end the newest test; what won is shown."""
    with transaction(engine) as session:
        session.get_one(Asset, builders.asset(engine).id, with_for_update=True)
        trial = session.scalars(select(Trial).order_by(Trial.id.desc()).limit(1)).one()
        stopping.end(session, trial, outcome, "said", winner, apply=winner)


def round_of(engine: Engine, settings: Settings | None = None) -> int:
    """Do what the dispatcher does twice a minute."""
    return looking.look_at_due(engine, settings or make_settings(), 10.0)


def let_pass(engine: Engine, span: timedelta) -> None:
    """Let time pass for all tests."""
    with transaction(engine) as session:
        moved = {
            name: getattr(Trial, name) - span for name in ("started_at", "ends_at", "looked_at", "ended_at")
        }
        session.execute(update(Trial).values(**moved))


def count(engine: Engine, trial: Trial, impressions: int, quality_plays: int = 0) -> None:
    """Count what viewers did today, alike for all variants; `impressions` of each."""
    with transaction(engine) as session:
        today = session.scalar(select(cast(func.timezone("UTC", NOW), Date)))
        for number, bucket in enumerate((0, 127)):
            sums = {"impressions": impressions, "plays": quality_plays, "quality_plays": quality_plays}
            session.merge(TrialCount(trial_id=trial.id, bucket=bucket, **sums))
            session.merge(TrialDay(trial_id=trial.id, day=today, variant=number, **sums))


def trial_of(engine: Engine) -> Trial:
    """Return the newest test."""
    found: Trial = builders.every(engine, Trial)[-1]
    return found


def wanted_s(engine: Engine) -> float:
    """Return the moment of the newest write that was asked for."""
    newest = select(Thumbnail.time_s).join(Publication, Publication.thumbnail_id == Thumbnail.id)
    with transaction(engine) as session:
        return session.scalars(newest.order_by(Publication.id.desc()).limit(1)).one()
