"""A verdict can be kept as JSON, and read again as it was."""

from __future__ import annotations

import json

import pytest

from worker.judge.documents import as_document, verdict_of
from worker.pipeline.judging.verdict import Description, Fault, Say, Verdict

VERDICT = Verdict(
    say=Say.TIES,
    model="qwen3-vl:8b",
    prompt_version="5f2a",
    descriptions=(
        Description(frozenset({Fault.TEXT, Fault.EYES_CLOSED, Fault.UNSAFE}), "a man at a desk"),
        Description(),
    ),
    places=(1.0, 0.0),
    readings=2,
    requests=3,
    prompt_tokens=2_000,
    answer_tokens=90,
    took_s=1.25,
    answers=('{"pictures": []}', '{"order": ["A", "B"]}'),
)


@pytest.mark.parametrize("places", [(1.0, 0.0), None])
def test_a_verdict_is_read_as_it_was_written(places: tuple[float, ...] | None) -> None:
    """Also one without an order, and after a way through JSON."""
    verdict = Verdict(Say.VETO, "m", "p", VERDICT.descriptions, places)

    assert verdict_of(json.loads(json.dumps(as_document(verdict)))) == verdict
    assert verdict_of(json.loads(json.dumps(as_document(VERDICT)))) == VERDICT


def test_a_document_names_faults_always_in_the_same_order() -> None:
    """So the same verdict is the same document."""
    described = as_document(VERDICT)["descriptions"]

    assert described[0]["faults"] == ["eyes_closed", "text", "unsafe"]


def test_a_document_does_not_say_that_it_was_recalled() -> None:
    """That is of the run that recalls it."""
    assert "is_recalled" not in as_document(VERDICT)


@pytest.mark.parametrize("change", [{"descriptions": [{"faults": ["ugly"]}]}, {"places": "AB"}, {"model": 7}])
def test_what_is_no_verdict_is_told(change: dict[str, object]) -> None:
    """As documents of another version may be."""
    with pytest.raises(ValueError, match="validation error"):
        verdict_of({**as_document(VERDICT), **change})
