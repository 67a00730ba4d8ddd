"""Writes what a check found: a document for the database, and tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from worker.weights.training.taste.report import as_json, terminal_table
from worker.weights.training.taste.study import MAY_KNOW

if TYPE_CHECKING:
    from rich.console import RenderableType

    from worker.weights.training.taste.judge.check import Check, Vetoes
    from worker.weights.training.taste.measures import Estimate


def as_document(found: Check, facts: dict[str, Any]) -> dict[str, Any]:
    """Write a check as JSON: each share with the ends of its interval.

    Args:
        found: what was measured.
        facts: how: on which set, and whether our score may know its frames.
    """
    return {
        **facts,
        "says": found.finding.because,
        "judge": as_json(found.judge),
        "head": as_json(found.head),
        "lead": found.lead._asdict(),
        "first_wins": found.first_wins._asdict(),
        "couples": {
            "couples": found.couples.couples,
            "agreement": found.couples.agreement._asdict(),
            "first_shown": found.couples.first_shown._asdict(),
        },
        "vetoes": {
            "of_all": found.vetoes.of_all._asdict(),
            "of_best": found.vetoes.of_best._asdict(),
            "place": found.vetoes.place and found.vetoes.place._asdict(),
            "faults": [one._asdict() for one in found.vetoes.faults],
        },
        "price": found.price._asdict(),
        "unjudged": found.unjudged,
    }


def for_people(found: Check, model: str, *, may_know: bool) -> list[RenderableType]:
    """Lay out a check for a terminal.

    Args:
        found: what was measured.
        model: the judge's name.
        may_know: whether the taste in our score may have been trained on these frames.
    """
    rows = {f"the judge {model}": found.judge, f"our score{MAY_KNOW if may_know else ''}": found.head}
    return [
        terminal_table("order by", rows),
        *map(Text, _sentences(found)),
        *([Text(_WARNING, "yellow")] if may_know else []),
        Text(f"say: {found.finding.say} ({found.finding.because})", "bold"),
    ]


_WARNING = (
    "The taste in our score may know these frames: if it was trained on this set, our score flatters itself "
    "here, and the judge leads by less than it would elsewhere. Give held-out scores by --head-scores "
    "(docs/judged-frames.md), or judge frames of your own."
)


def _sentences(found: Check) -> list[str]:
    price, couples = found.price, found.couples
    tokens = f"{price.prompt_tokens:,.0f} + {price.answer_tokens:,.0f} tokens"
    time = f"{price.median_s:.1f} s (in 95 % at most {price.p95_s:.1f} s)"
    told = [
        f"lead in pairs: {_signed(found.lead)}; its first frame is the better one in {found.first_wins}",
        f"a reading and its reverse agree on {couples.agreement} of pairs",
        f"the first shown is preferred more often than the last, by {_signed(couples.first_shown)} of pairs",
        _vetoes(found.vetoes),
        f"for a video: {price.requests:.1f} requests, {tokens}, {time}",
    ]
    if found.unjudged:
        told.append(
            "no verdict: " + ", ".join(f"{word} {count}" for word, count in sorted(found.unjudged.items()))
        )
    return told


def _vetoes(vetoes: Vetoes) -> str:
    if vetoes.place is None:
        return "vetoes: none"
    kinds = ", ".join(f"{one.fault.value} {one.would_veto:.1%}" for one in vetoes.faults if one.would_veto)
    return (
        f"vetoes: {vetoes.of_all} of all frames ({kinds}), {vetoes.of_best} of the editor's best three; in "
        f"the editor's order they are at {100 * vetoes.place.value:.0f} of 100, from the best"
    )


def _signed(found: Estimate) -> str:
    return f"{100 * found.value:+.1f} % ({100 * found.low:+.0f} to {100 * found.high:+.0f})"
