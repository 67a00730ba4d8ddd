"""What is said of a test by days, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, update

from tests.support.doc_blocks import ROOT
from tests.support.service import builders
from tests.support.trials import day_test
from worker.database import transaction
from worker.database.states import TrialMetric, TrialOutcome
from worker.database.trials import Slot, Trial
from worker.trials.slots.admission import why_refused
from worker.trials.slots.judging import CountedSlots, SlotCount, count_slots, judge_slots
from worker.trials.slots.power import DAYS, FOUND, LIFTS, NOISES, days_needed, power, prospects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from worker.trials.verdict import TrialVerdict

NOW = datetime(2026, 11, 29, tzinfo=UTC)
WAITS = SlotCount(0), SlotCount(1)


def pair(first: int, second: int, **values: Any) -> list[SlotCount]:
    """Two days with so many views of the two pictures."""
    return [SlotCount(1, views=second, **values), SlotCount(0, views=first, **values)]


def judged(days: Sequence[SlotCount], *, is_over: bool = False, **values: Any) -> TrialVerdict:
    """The verdict on these days."""
    ends_at = NOW - timedelta(days=1) if is_over else NOW + timedelta(days=9)
    given: dict[str, Any] = {"variants": 2, "metric": TrialMetric.PLAYS, "alpha": 0.05, "tau": 0.2, **values}
    return judge_slots(CountedSlots(days, now=NOW, ends_at=ends_at, **given))


#: As days are: the second picture has 30 % more, and days differ by about a tenth.
CLEAR = [pair(100, 131), pair(90, 125), pair(104, 128), pair(95, 118), pair(88, 121), pair(99, 120)] * 3


def flat(pairs: Sequence[Sequence[SlotCount]]) -> list[SlotCount]:
    """All days in order."""
    return [day for one in pairs for day in one]


def test_nothing_is_said_before_the_seventh_pair() -> None:
    """However clear the days look."""
    verdict = judged([*flat([pair(100, 900)] * 6), *WAITS])

    assert verdict.outcome is None
    assert verdict.said == "Counting: 6 of 7 pairs of days are known; before that nothing can be said."


def test_a_winner_is_named_with_its_interval() -> None:
    """Counted from 1, as people do; the number is that of the variant."""
    verdict = judged([*flat(CLEAR), *WAITS])

    assert (verdict.outcome, verdict.winner) == (TrialOutcome.WINNER, 1)
    assert verdict.said.startswith("The second picture is better: +29 %, surely between +")
    (worse, better) = verdict.numbers["variants"]
    assert (worse["is_out"], better["is_out"]) == (True, False)
    assert (worse["plays"], worse["rate"], worse["a_day"]) == (1728, None, 96.0)
    (_, told) = verdict.numbers["pairs"]
    assert told["a"] == 1
    assert 0 < told["low"] < told["lift"] < told["high"]
    assert told["evidence"] >= told["needed"] == pytest.approx(40)


def test_who_is_behind_by_now_does_not_win() -> None:
    """Though the pairs up to some day would have proved it, had anybody looked then."""
    turned = [*flat(CLEAR), *flat([pair(300, 60)] * 6), *WAITS]
    verdict = judged(turned)

    assert verdict.numbers["pairs"][1]["evidence"] >= 40
    assert verdict.outcome is None
    assert not any(one["is_out"] for one in verdict.numbers["variants"])


def test_a_share_of_loads_is_compared_where_it_is_told() -> None:
    """More plays of far more loads are no better picture."""
    days = flat([[SlotCount(1, views=130, impressions=400), SlotCount(0, views=100, impressions=250)]] * 9)
    verdict = judged(days, is_over=True)

    assert verdict.winner == 0
    assert [one["rate"] for one in verdict.numbers["variants"]] == pytest.approx([0.4, 0.325])


def test_time_watched_is_compared_where_that_is_wanted() -> None:
    """The one that is played more is watched less."""
    days = flat([[SlotCount(1, views=130, watch_s=500.0), SlotCount(0, views=100, watch_s=900.0)]] * 9)

    assert judged(days, metric=TrialMetric.WATCH).winner == 0
    assert judged(days).winner == 1


def test_which_numbers_are_late_does_not_decide() -> None:
    """Pairs are taken in order, up to the first that is not known."""
    verdict = judged([*flat(CLEAR[:3]), *WAITS, *flat(CLEAR)])

    assert verdict.outcome is None
    assert verdict.numbers["days"] == 6


def test_a_void_pair_is_left_out_and_named() -> None:
    """With why, so that people can see to it."""
    void = [
        SlotCount(0, is_void=True, why="01 May 2026: its picture was not shown in time"),
        SlotCount(1, is_void=True),
    ]
    known = judged([*flat(CLEAR[:3]), *void, *flat(CLEAR[3:]), *WAITS])
    lost = judged([*flat(CLEAR[:3]), *(void * 8)])

    assert known.winner == 1
    assert known.numbers["blocks"]["void"] == 1
    assert lost.outcome is TrialOutcome.UNDECIDED
    assert lost.said == (
        "Only 3 pairs of days count, and 7 are needed. 8 do not count, mostly because its picture was not"
        " shown in time."
    )


def test_out_of_time_says_how_little_days_can_tell() -> None:
    """In numbers, and what would be needed."""
    restless = [pair(100, 125), pair(130, 95), pair(80, 120), pair(120, 100), pair(90, 125), pair(115, 100)]
    verdict = judged(flat([*restless, *restless, *restless[:2]]), is_over=True)

    assert verdict.outcome is TrialOutcome.UNDECIDED
    assert verdict.said.startswith("It cannot be told which is better, in 14 pairs of days.")
    assert "28 days find +20 % in" in verdict.said
    assert verdict.numbers["need"]["days"] > 28


def test_probably_better_is_not_proved() -> None:
    """Seven pairs that lean one way."""
    leaning = [pair(100, 112), pair(104, 100), pair(95, 110), pair(100, 108), pair(102, 115), pair(96, 99)]
    verdict = judged(flat([*leaning, pair(99, 103)]), is_over=True)

    assert (verdict.outcome, verdict.winner) == (TrialOutcome.PREFERRED, 1)
    assert "probably better, not proved" in verdict.said


def test_pictures_that_hardly_differ_are_alike() -> None:
    """Days of very many views, for long."""
    quiet = [pair(100_000, 100_500), pair(101_000, 100_200), pair(99_000, 99_600), pair(99_500, 99_100)]

    assert judged([*flat(quiet * 6), *WAITS]).outcome is TrialOutcome.ALIKE


def test_the_end_does_not_wait_for_numbers_that_do_not_come() -> None:
    """What is not there by then does not count."""
    assert judged([*flat(CLEAR[:2]), *WAITS], is_over=True).outcome is TrialOutcome.UNDECIDED


def test_three_pictures_have_a_winner_that_beats_both() -> None:
    """One that is beaten is out before that."""
    block = [SlotCount(2, views=100), SlotCount(0, views=100), SlotCount(1, views=180)]
    other = [SlotCount(1, views=175), SlotCount(2, views=105), SlotCount(0, views=97)]
    verdict = judged(flat([block, other] * 6), variants=3)

    assert verdict.winner == 1
    assert [one["is_out"] for one in verdict.numbers["variants"]] == [True, False, True]
    assert "12 blocks of 3 days" in verdict.said


def test_rows_are_read_as_days(engine: Engine) -> None:
    """What was told but does not count, counts as void."""
    day_test.begun(engine)
    with transaction(engine) as session:
        session.execute(update(Slot).where(Slot.number < 4).values(views=9, counted_at=func.now()))
        session.execute(update(Slot).where(Slot.number.in_((2, 3))).values(is_void=True, why="a choice"))
    with transaction(engine) as session:
        counted = count_slots(session, session.get_one(Trial, 1))

    assert counted.days[:4] == [
        *(SlotCount(1, views=9), SlotCount(0, views=9)),
        *(SlotCount(number, is_void=True, why="a choice", views=9) for number in (0, 1)),
    ]
    assert (len(counted.days), counted.variants) == (28, 2)
    assert (
        judge_slots(counted).said
        == "Counting: 1 of 7 pairs of days are known; before that nothing can be said."
    )


def test_the_table_of_what_days_can_find_is_whole_and_plausible() -> None:
    """More days, quieter days and greater effects are found more often."""
    assert list(FOUND) == list(DAYS)
    for days, cells in FOUND.items():
        assert [len(row) for row in cells] == [len(LIFTS)] * len(NOISES)
        for row in cells:
            assert list(row) == sorted(row), days
        for column in zip(*cells, strict=True):
            assert list(column) == sorted(column, reverse=True), days


def test_the_documents_show_the_same_table() -> None:
    """People look their video up there before they begin."""
    page = (ROOT / "docs/learning.md").read_text()

    assert page.partition("<!-- slots power -->\n")[2].partition("<!-- /slots power -->")[0] == power_table()


def power_table() -> str:
    """Write the table for docs/learning.md: a row for each noise and time, a column for each lift."""
    lifts = " | ".join(f"+{lift:.0%}" for lift in LIFTS)
    lines = [f"| days of the same picture differ by | days | {lifts} |", "|---|---|" + "---|" * len(LIFTS)]
    for at, noise in enumerate(NOISES):
        for days, cells in FOUND.items():
            lines.append(f"| {noise:.0%} | {days} | {' | '.join(f'{share:.0%}' for share in cells[at])} |")
    return "\n".join([*lines, ""]).replace("%", " %")


def test_what_days_can_find_is_said_before_the_start() -> None:
    """Where the noise of a video is not known, for quiet, usual and restless ones."""
    assert len(prospects(28)) == 6
    (usual, large) = prospects(28, noise=0.2)
    assert usual.sentence(large) == (
        "where days of the same picture differ by 20 %, 28 days find +20 % in 31 %,"
        " and +50 % in 95 % of tests"
    )
    assert (round(usual.found, 1), round(large.found, 1)) == (0.3, 0.9)
    assert power(0.2, 13).found == 0.0
    assert power(0.2, 42, variants=3) == power(0.2, 28)._replace(days=42)
    assert days_needed(0.2) == 84
    assert days_needed(0.35, lift=0.10) is None


@pytest.mark.parametrize(
    ("platform", "values", "days", "said"),
    [
        ("fastpix", {}, 28, "takes no picture of ours"),
        ("vimeo", {}, 28, "tells us no views; set EVENTS_SECRET"),
        ("mux", {}, 13, "take 14 days or more"),
        ("mux", {}, 14, None),
        ("vimeo", {"events_secret": "whsec_" + "c2VjcmV0" * 4}, 28, None),
    ],
)
def test_a_test_that_could_tell_nothing_is_refused(
    engine: Engine, platform: str, values: dict[str, Any], days: int, said: str | None
) -> None:
    """With the remedy, before it begins."""
    accounts = {
        "fastpix": {"webhook_secret": "c2VjcmV0", "token_id": "i", "token_secret": "s"},
        "mux": {"webhook_secret": "s", "token_id": "i", "token_secret": "s"},
        "vimeo": {"access_token": "t"},
    }
    settings = builders.make_settings(**{platform: {"main": accounts[platform]}}, **values)
    builders.record(engine, builders.event(platform=platform), settings=settings)

    why = why_refused(builders.asset(engine), settings, days)
    assert why is None if said is None else said in (why or "")
