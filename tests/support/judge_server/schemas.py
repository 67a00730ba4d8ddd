"""Whether a schema for answers fits: right ones pass, wrong ones do not, and every server knows its words."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from worker.pipeline.judging.verdict import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What the strict mode of hosted models, llama.cpp's grammars and xgrammar (vLLM, SGLang) all know. That each
# letter is there once is beyond them: some refuse `uniqueItems`, others ignore it.
_WORDS = """
type properties required additionalProperties items enum const minItems maxItems title description
"""
PORTABLE = frozenset(_WORDS.split())


def keeps(schema: dict[str, Any], answer: object) -> bool:
    """Judge an answer by a schema."""
    return jsonschema_rs.is_valid(schema, answer)


def schema_faults(kind: str, schema: dict[str, Any], letters: Sequence[str]) -> Iterator[str]:
    """Say what is wrong with a schema for pictures of these letters.

    Args:
        kind: "descriptions" or "order".
        schema: as it was sent.
        letters: of the pictures that the request shows.
    """
    yield from sorted(
        f"a schema with {word}, which not every server knows" for word in _words(schema) - PORTABLE
    )
    try:
        jsonschema_rs.validator_for(schema)
    except jsonschema_rs.ValidationError as error:
        yield f"no schema: {error.message}"
        return
    right = right_answer(kind, letters)
    if not keeps(schema, right):
        yield f"a schema that refuses a right answer: {right}"
    yield from (
        f"a schema that accepts {name}" for name, wrong in _wrong(kind, right) if keeps(schema, wrong)
    )


def right_answer(kind: str, letters: Sequence[str]) -> dict[str, Any]:
    """Make an answer that has to pass."""
    if kind == "order":
        return {"order": list(reversed(letters))}
    faults = {str(fault): False for fault in Fault}
    return {"pictures": [{"picture": letter, "subject": "a dog", **faults} for letter in letters]}


def _wrong(kind: str, right: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Make answers that must not pass, each with its name."""
    (key,) = right
    yield "a list", right[key]
    yield "nothing", {}
    yield "further keys", {**right, "reason": "x"}
    yield "fewer pictures", {key: right[key][:-1]}
    yield "more pictures", {key: [*right[key], right[key][0]]}
    if kind == "order":
        yield "a letter that was not shown", {key: [*right[key][:-1], "?"]}
        return
    for name, changed in (
        ("a letter that was not shown", {"picture": "?"}),
        ("further keys of a picture", {"beauty": 5}),
        ("a number for a fault", {"text": 1}),
        ("a number for a subject", {"subject": 1}),
    ):
        wrong = copy.deepcopy(right)
        wrong[key][0].update(changed)
        yield name, wrong
    for name in right[key][0]:
        wrong = copy.deepcopy(right)
        del wrong[key][0][name]
        yield f"a picture without {name}", wrong


def _words(schema: object) -> set[str]:
    """Collect the words of the schema language; names of properties are none."""
    if isinstance(schema, list):
        return set().union(*map(_words, schema))
    if not isinstance(schema, dict):
        return set()
    properties = schema.get("properties", {})
    below = [
        *properties.values(),
        *(part for word, part in schema.items() if word not in {"properties", "enum"}),
    ]
    return set(schema).union(*map(_words, below))
