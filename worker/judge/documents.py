"""Verdicts as JSON documents: how a ledger keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from worker.pipeline.judging.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERDICTS = TypeAdapter(Verdict)


def as_document(verdict: Verdict) -> dict[str, Any]:
    """Write a verdict as what JSON can hold; whether it was recalled is no part of it."""
    document: dict[str, Any] = _VERDICTS.dump_python(verdict, mode="json", exclude={"is_recalled"})
    for description in document["descriptions"]:
        description["faults"].sort()  # a set's order is another one in each process
    return document


def verdict_of(document: Mapping[str, Any]) -> Verdict:
    """Read a verdict that `as_document` wrote.

    Raises:
        ValueError: it is none, or one of another version.
    """
    return _VERDICTS.validate_python(dict(document))
