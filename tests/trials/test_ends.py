"""How tests end, and what is shown then."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from tests.support.service import builders, chosen_asset
from tests.support.trials.tested_asset import (
    BEST_S,
    SECOND_S,
    THIRD_S,
    count,
    found,
    let_pass,
    look_again,
    make_settings,
    published,
    round_of,
    start,
    stop,
    trial_of,
    wanted_s,
)
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset, Publication
from worker.database.states import TrialOutcome
from worker.database.trials import Trial, TrialLook
from worker.inbox import erasure
from worker.platforms.event import EventKind
from worker.trials import looking
from worker.trials.refused import TrialRefused
from worker.trials.verdict import TrialVerdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def says(outcome: TrialOutcome, winner: int | None = None) -> Callable[[Any], TrialVerdict]:
    """Return what judges any test so."""
    return lambda _: TrialVerdict(outcome, f"said {outcome}", {"n": 1}, {"e": 1}, winner)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what sets the verdict of the next looks."""

    def judge(outcome: TrialOutcome, winner: int | None = None) -> None:
        monkeypatch.setattr(looking, "judge", says(outcome, winner))

    return judge


def delete(engine: Engine) -> None:
    """Let the platform delete the video."""
    builders.record(engine, builders.event(EventKind.DELETED, minute=2))


def set_elsewhere(engine: Engine) -> None:
    """Note that somebody set another thumbnail at the platform."""
    with transaction(engine) as session:
        session.execute(update(Asset).values(foreign_thumbnail="7.0"))


ENDINGS: dict[str, Callable[[Engine], object]] = {
    "choice": lambda engine: chosen_asset.choose(engine, ChoiceRequest(time_s=THIRD_S)),
    "content": lambda engine: look_again(engine, found("f2")),
    "deleted": delete,
    "foreign": set_elsewhere,
}


@pytest.mark.parametrize("outcome", ENDINGS)
def test_what_ends_a_test_is_noted_in_the_next_round(engine: Engine, outcome: str) -> None:
    """Without a verdict, and without a say in what is shown."""
    start(published(engine))
    ENDINGS[outcome](engine)
    writes = len(builders.every(engine, Publication))

    assert round_of(engine) == 1

    trial = trial_of(engine)
    assert (trial.state, trial.outcome, trial.winner, trial.ended_by) == ("ended", outcome, None, None)
    assert trial.why
    assert len(builders.every(engine, Publication)) == writes
    assert builders.asset(engine).test_decided_at is None
    assert round_of(engine) == 0


def test_a_winner_becomes_an_ordinary_write(engine: Engine, judged: Callable[..., None]) -> None:
    """The look keeps what it was made from."""
    start(published(engine))
    judged(TrialOutcome.WINNER, 1)

    round_of(engine)

    trial, look = trial_of(engine), builders.only(engine, TrialLook)
    assert (trial.outcome, trial.winner, trial.why) == ("winner", 1, "said winner")
    assert (look.verdict, look.said, look.numbers, look.evidence) == (
        "winner",
        "said winner",
        {"n": 1},
        {"e": 1},
    )
    assert builders.asset(engine).test_decided_at == trial.ended_at
    assert wanted_s(engine) == SECOND_S
    assert chosen_asset.publish(engine) == SECOND_S
    assert builders.asset(engine).published_generation == builders.asset(engine).generation


SHOWN = [
    (TrialOutcome.WINNER, 0, "winner", BEST_S),
    (TrialOutcome.WINNER, 1, "never", BEST_S),
    (TrialOutcome.PREFERRED, 1, "winner", BEST_S),
    (TrialOutcome.PREFERRED, 1, "preferred", SECOND_S),
    (TrialOutcome.ALIKE, None, "preferred", BEST_S),
    (TrialOutcome.UNDECIDED, None, "preferred", BEST_S),
    (TrialOutcome.BROKEN, None, "preferred", BEST_S),
]


@pytest.mark.parametrize(("outcome", "winner", "apply", "shown_s"), SHOWN)
def test_only_what_the_account_allows_changes_the_picture(
    engine: Engine,
    judged: Callable[..., None],
    outcome: TrialOutcome,
    winner: int | None,
    apply: str,
    shown_s: float,
) -> None:
    """All else leaves what was shown before."""
    start(published(engine))
    judged(outcome, winner)

    round_of(engine, make_settings({"tests_apply": apply}, tests_apply="preferred"))

    assert wanted_s(engine) == shown_s
    is_decided = builders.asset(engine).test_decided_at is not None
    assert is_decided == (outcome != TrialOutcome.BROKEN)


def test_a_person_who_chooses_before_the_verdict_wins(engine: Engine, judged: Callable[..., None]) -> None:
    """Whatever would have been proved."""
    start(published(engine))
    judged(TrialOutcome.WINNER, 1)
    chosen_asset.choose(engine, ChoiceRequest(time_s=THIRD_S))

    round_of(engine)

    assert (trial_of(engine).outcome, wanted_s(engine)) == ("choice", THIRD_S)


def test_a_test_out_of_time_ends(engine: Engine) -> None:
    """At its end, and not with the next look after that."""
    start(published(engine), days=7)
    round_of(engine)
    with transaction(engine) as session:
        session.execute(update(Trial).values(ends_at=Trial.looked_at + timedelta(microseconds=1)))

    assert round_of(engine) == 1
    assert trial_of(engine).outcome == "undecided"


def test_a_look_comes_when_it_is_due_and_tells_only_news(engine: Engine) -> None:
    """Every three hours; what did not change is not written again."""
    trial = start(published(engine))
    assert [round_of(engine), round_of(engine)] == [1, 0]

    let_pass(engine, 4 * HOUR)
    assert round_of(engine) == 1
    assert len(builders.every(engine, TrialLook)) == 1

    count(engine, trial, impressions=40)
    let_pass(engine, 4 * HOUR)
    round_of(engine)
    newest = builders.every(engine, TrialLook)[-1]
    assert [one["impressions"] for one in newest.numbers["variants"]] == [40, 40]
    assert len(builders.every(engine, TrialLook)) == 2


def test_what_was_proved_before_is_carried_to_the_next_look(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The evidence is a maximum over all looks."""
    seen = []

    def judge(counted: Any) -> TrialVerdict:
        seen.append(counted.evidence)
        return TrialVerdict(None, "counting", {"n": len(seen)}, {"0>1": len(seen)})

    monkeypatch.setattr(looking, "judge", judge)
    start(published(engine))
    for _ in range(3):
        round_of(engine)
        let_pass(engine, 4 * HOUR)

    assert seen == [{}, {"0>1": 1}, {"0>1": 2}]


def test_a_test_that_cannot_be_judged_holds_up_no_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again in the next round."""
    start(published(engine))

    def judge(_: Any) -> TrialVerdict:
        raise ZeroDivisionError

    monkeypatch.setattr(looking, "judge", judge)

    assert round_of(engine) == 0
    assert trial_of(engine).looked_at is None


def test_what_another_program_decides_right_now_is_left_to_it(engine: Engine) -> None:
    """No dispatcher waits for a lock."""
    start(published(engine))
    with transaction(engine) as session:
        session.get_one(Asset, 1, with_for_update=True)

        assert round_of(engine) == 0
    assert round_of(engine) == 1


def test_several_dispatchers_look_once(engine: Engine) -> None:
    """At the same time."""
    start(published(engine))
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(round_of(engine))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(done) == 1
    assert len(builders.every(engine, TrialLook)) == 1


def test_a_round_ends_when_its_time_is_up(engine: Engine) -> None:
    """The rest waits for the next one."""
    start(published(engine))

    assert looking.look_at_due(engine, make_settings(), 0.0) == 0


def test_a_person_stops_a_test(engine: Engine) -> None:
    """What was shown before stays."""
    start(published(engine))
    stop(engine)

    trial = trial_of(engine)
    assert (trial.outcome, trial.ended_by, trial.why) == ("stopped", "bob@host", "a person stopped it")
    assert wanted_s(engine) == BEST_S
    with pytest.raises(TrialRefused, match="has ended"):
        stop(engine)


def test_a_person_takes_a_variant_while_it_runs_or_afterwards(engine: Engine) -> None:
    """And may go back."""
    start(published(engine))
    stop(engine, apply=1)
    assert wanted_s(engine) == SECOND_S

    stop(engine, apply=0)
    assert wanted_s(engine) == BEST_S
    with pytest.raises(TrialRefused, match="has no third picture"):
        stop(engine, apply=2)


def test_no_variant_takes_the_place_of_a_choice(engine: Engine) -> None:
    """It is refused with what helps."""
    start(published(engine))
    chosen_asset.choose(engine, ChoiceRequest(time_s=THIRD_S))

    with pytest.raises(TrialRefused, match="release the choice first"):
        stop(engine, apply=1)


def test_an_erased_video_leaves_no_test(engine: Engine) -> None:
    """Nor its counts, looks and reasons."""
    trial = start(published(engine))
    count(engine, trial, impressions=5)
    round_of(engine)
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        asset.untested_because = "it is seldom seen"
        removed = erasure.erase(session, asset, "ada@host", "")

    assert removed["tests"] == 1
    assert builders.every(engine, Trial) == builders.every(engine, TrialLook) == []
    assert builders.asset(engine).untested_because is None
