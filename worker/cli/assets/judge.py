"""What `thumbs show` says of a judge: what it saw, what it may decide, and how it came to its verdict."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from rich.text import Text

from worker.admin.judge.history import answers_of
from worker.cli.listing import Listing
from worker.cli.output import fields_of
from worker.judge import checks
from worker.text import clock, format_age, printable, say_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import RenderableType

    from worker.admin.judge.history import JudgeHistory
    from worker.database.learning import JudgeCheck, JudgeVerdict

_VERDICT_FIELDS = "model prompt_version at used_at verdict"


def judge_document(judge: JudgeHistory) -> dict[str, Any] | None:
    """Describe for programs who judged an asset, the check behind its say, and its newest verdict."""
    if not judge.frames and judge.verdict is None:
        return None
    first = judge.frames[0].judged if judge.frames else None
    return {
        "model": first and first.model,
        "say": first and first.say,
        "check": fields_of(judge.check, checks.FIELDS) if judge.check else None,
        "verdict": fields_of(judge.verdict, _VERDICT_FIELDS) if judge.verdict else None,
        "answers": [answer._asdict() for answer in answers_of(judge)],
    }


def judge_parts(judge: JudgeHistory, now: datetime, *, is_whole: bool) -> list[RenderableType]:
    """Say what a judge said of an asset.

    Args:
        judge: what is known of it.
        now: by the database's clock.
        is_whole: also how it came to its verdict, with its answers as they came.
    """
    parts: list[RenderableType] = []
    if judge.frames:
        parts += [*_say(judge, now), _table(judge)]
    if is_whole:
        parts += _verdict(judge, now) if judge.verdict else [Text("no judge has given a verdict", "dim")]
    return [Text("\njudge", style="bold"), *parts] if parts else []


def _say(judge: JudgeHistory, now: datetime) -> Iterator[Text]:
    first = judge.frames[0].judged
    yield Text.assemble(
        (first.model, "bold"), f" was shown {first.pictures} pictures; {say_words(first.say)}"
    )
    yield Text(_check(judge.check, now), "dim")


def _check(check: JudgeCheck | None, now: datetime) -> str:
    if check is None:
        return "Nobody has measured what it is worth: `thumbs judge check` does."
    says = printable(str(check.report.get("says") or check.say))
    return f"Measured {format_age(now - check.at)} ago by {printable(check.who)}: {says}"


def _table(judge: JudgeHistory) -> Listing:
    table = Listing("no.", "time", "place", "at fault", "subject")
    for one in judge.frames:
        judged = one.judged
        cells = judged.place_words or "-", judged.fault_words or "-", judged.subject
        table.add_row(str(one.number), clock(one.time_s), *cells)
    return table


def _verdict(judge: JudgeHistory, now: datetime) -> Iterator[RenderableType]:
    verdict = judge.verdict
    assert verdict is not None  # noqa: S101 - the caller has looked
    yield Text(f"\nverdict of {format_age(now - verdict.at)} ago", style="bold")
    yield Text(_effort(verdict))
    for number, answer in enumerate(answers_of(judge)):
        letters = ", ".join(
            f"{letter} is {one}" for letter, one in zip(ascii_uppercase, answer.shown, strict=False)
        )
        yield Text(
            f"reading {number}, where {letters}" if number else f"what it sees, where {letters}", "dim"
        )
        if answer.best_first:
            yield Text(f"  best first: {', '.join(map(str, answer.best_first))}")
        for line in answer.raw.splitlines():
            yield Text(f"  {printable(line)}")


def _effort(verdict: JudgeVerdict) -> str:
    known = verdict.verdict
    used = f"{known.get('prompt_tokens', 0):,} + {known.get('answer_tokens', 0):,} tokens"
    took = f"{known.get('requests', 0)} requests, {used}, {known.get('took_s', 0.0):.1f} s"
    return f"{printable(verdict.model)}, prompt {printable(verdict.prompt_version)}: {took}"
