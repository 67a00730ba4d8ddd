"""The results of `python -m tests.benchmarks.formats` as Markdown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.benchmarks.formats.measure import COLOUR, FAULTS, TIME, WAY_UP
from tests.benchmarks.quality.quality_table import markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.benchmarks.formats.trial import ArmOutcome, KindResult

ANY = "any"
MAX_TOLD = 110


def tables(results: Sequence[KindResult], arms: Sequence[str]) -> str:
    """Write the table of groups, then each file with a fault, then those that could not be made."""
    made = [result for result in results if not result.not_made]
    parts = [_groups(made, arms), _faulty(made, arms)]
    if len(made) < len(results):
        lines = [f"- {result.kind.name}: {result.not_made}" for result in results if result.not_made]
        parts.append("Not made here, and counted nowhere:\n\n" + "\n".join(lines))
    return "\n\n".join(part for part in parts if part) + "\n"


def _groups(made: Sequence[KindResult], arms: Sequence[str]) -> str:
    heads = ("kind of file", "files", *(f"{arm}, {fault}" for arm in arms for fault in (*FAULTS, ANY)))
    groups = list(dict.fromkeys(result.kind.group for result in made))
    rows = [_row(group, [one for one in made if one.kind.group == group], arms) for group in groups]
    return markdown(heads, [*rows, _row("**all**", made, arms)])


def _row(name: str, results: Sequence[KindResult], arms: Sequence[str]) -> tuple[str, ...]:
    cells = []
    for arm in arms:
        counts = Counter(fault for result in results for fault in result.outcomes[arm].faults)
        counts[ANY] = sum(bool(result.outcomes[arm].faults) for result in results)
        cells += [str(counts[fault] or "") for fault in FAULTS] + [str(counts[ANY])]
    return (name, str(len(results)), *cells)


def _faulty(made: Sequence[KindResult], arms: Sequence[str]) -> str:
    rows = [
        (result.kind.group, result.kind.name, *(_said(result.outcomes[arm]) for arm in arms))
        for result in made
        if any(outcome.faults for outcome in result.outcomes.values())
    ]
    return markdown(("kind", "file", *arms), rows) if rows else ""


def _said(outcome: ArmOutcome) -> str:
    if outcome.told:
        return f"refused: {outcome.told[:MAX_TOLD]}".replace("|", "/")
    return ", ".join(dict.fromkeys(_words(outcome)))


def _words(outcome: ArmOutcome) -> Iterator[str]:
    for fault in outcome.faults:
        worst = [seen for seen in outcome.seen if fault in seen.faults]
        if fault == WAY_UP:
            yield f"is to be {worst[0].turn}"
        elif fault == COLOUR:
            yield f"colours off by {max(seen.delta_e or 0 for seen in worst):.0f}"
        elif fault == TIME:
            error_s = max((seen.time_error_s or 0 for seen in worst), key=abs)
            yield f"time off by {error_s:.2f} s"
        else:
            yield "another picture"
