"""The results of `traps.py` as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmarks.quality.crop_safety import ASPECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.benchmarks.quality.quality_measures import MeanEstimate

MOST_KINDS = 3  # named in a row
MEBI = 1 << 20


def tables(results: Mapping[str, dict[str, Any]], costs: Mapping[str, dict[str, float]]) -> str:
    """Write all tables: the methods, what they cost, the kinds, the crops, the gates."""
    parts = [_methods(results), _kinds(results)]
    if costs:
        parts.append(_costs(costs))
    for name, found in results.items():
        if found["candidates"]:
            parts += [f"Crops of `{name}`:", _crops(found), f"Candidates of `{name}`:", _gates(found)]
    return "\n\n".join(parts) + "\n"


def _methods(results: Mapping[str, dict[str, Any]]) -> str:
    columns = ("first bad", "any bad", "three good", "bars left", "subtitle")
    heads = (
        "first pick bad", "any of three bad", "three good shots", "bars left on", "subtitle on",
        "shots in three", "most of the bad first picks",
    )  # fmt: skip
    rows = [
        (
            name,
            *(_share(found.get(column)) for column in columns),
            _mean(found.get("shots")),
            ", ".join(f"{kind} {count}" for kind, count in found["bad first picks"].most_common(MOST_KINDS)),
        )
        for name, found in results.items()
    ]
    return markdown(("method", *heads), rows)


def _kinds(results: Mapping[str, dict[str, Any]]) -> str:
    """Bad first picks by kind: a column for each method would be too wide, so methods are rows."""
    counts = {name: found["bad first picks"] for name, found in results.items()}
    kinds = sorted({kind for count in counts.values() for kind in count})
    return markdown(
        ("bad first picks", *kinds),
        [(name, *(str(count[kind] or "") for kind in kinds)) for name, count in counts.items()],
    )


def _costs(costs: Mapping[str, dict[str, float]]) -> str:
    rows = [
        (name, f"{cost['s per video-minute']:.2f}", f"{cost['peak bytes'] / MEBI:.0f}")
        for name, cost in costs.items()
    ]
    return markdown(("method", "s / video-minute", "peak MiB"), rows)


def _crops(found: dict[str, Any]) -> str:
    names = ("has_cut_head", "has_cut_head_in_middle", "kept", "kept_in_middle")
    heads = ("head cut", "head cut, from the middle", "face area kept", "kept, from the middle")
    rows = [(aspect, *(_share(found["crops"][aspect][name]) for name in names)) for aspect in ASPECTS]
    return markdown(("crop", *heads), rows)


def _gates(found: dict[str, Any]) -> str:
    rows = [
        (kind or "good", str(count), str(found["past the gates"][kind]))
        for kind, count in found["candidates"].most_common()
    ]
    return markdown(("kind", "kept by the scan", "past the gates"), rows)


def _share(found: MeanEstimate | None) -> str:
    if found is None:
        return ""
    return f"{found.mean:.1%} ({found.low:.0%}-{found.high:.0%}, n {found.of})"


def _mean(found: MeanEstimate | None) -> str:
    return f"{found.mean:.2f} ({found.low:.2f}-{found.high:.2f})" if found else ""


def markdown(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Write a table."""
    return "\n".join(_lines(heads, rows))


def _lines(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
