"""No text from outside holds a program: twice as long a text takes twice as long, and no more.

An expression of `re` holds the whole process while it looks, so that no lease is renewed meanwhile.
"""

from __future__ import annotations

import itertools
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.growth import is_linear
from webhook.beacon import batches
from worker import aspects, logs, time_ranges
from worker.download import byte_ranges, fetch, hls_playlist
from worker.http import failure
from worker.judge import answers, words
from worker.pipeline.container import identify, length
from worker.pipeline.container.avi import picture_types
from worker.pipeline.container.seeking import preamble
from worker.platforms.shared import json_fields, pagination, signatures
from worker.platforms.vendors import fastpix
from worker.storage import keys
from worker.tracing import trace_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

MODULES = (
    answers,
    aspects,
    batches,
    byte_ranges,
    failure,
    fastpix,
    fetch,
    hls_playlist,
    identify,
    json_fields,
    keys,
    length,
    logs,
    pagination,
    picture_types,
    preamble,
    signatures,
    time_ranges,
    trace_context,
    words,
)
# What the expressions look for, and what they must not find.
PIECES = (
    *("://", ":", "@", "?", "a", "=", ",", '"', "'", " ", "\n", "0", "-", ".", "_", "<", "[", "]", "/"),
    *("token", "bearer ", "whsec_", "eyJ", "-eyJ-", "eyJa.", "v1=", " (_ssl.c:", "x264 - core ", "bytes "),
    *("video.media.", ".ready", "\0\0\1\xb6", "://x:", "thumbnails/", "candidates/"),
)
TEXTS = [(piece, "") for piece in PIECES] + list(itertools.product(("://", "1", "token"), PIECES))


def expressions(module: ModuleType) -> Iterator[re.Pattern[str] | re.Pattern[bytes]]:
    """Find the expressions of a module."""
    for value in vars(module).values():
        yield from (
            one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, re.Pattern)
        )


def look(expression: re.Pattern[str] | re.Pattern[bytes], text: str) -> None:
    """Use an expression in each way that there is."""
    for use in ("match", "fullmatch", "findall"):
        given = text.encode("latin-1") if isinstance(expression.pattern, bytes) else text
        getattr(expression, use)(given)


CASES = [
    pytest.param(expression, id=f"{module.__name__.rpartition('.')[2]}-{number}")
    for module in MODULES
    for number, expression in enumerate(expressions(module))
]


@pytest.mark.parametrize("expression", CASES)
def test_expressions_look_at_each_character_a_few_times(
    expression: re.Pattern[str] | re.Pattern[bytes],
) -> None:
    """Whatever is repeated in the text, from its beginning or after something else."""
    for first, then in TEXTS:
        make = partial(repeated, first, then)
        assert is_linear(partial(look, expression), make), f"{first!r}, then {then!r} again and again"


def repeated(first: str, then: str, size: int) -> str:
    """Begin with one piece and repeat the other; without another, repeat the one."""
    return first + then * (size // len(then)) if then else first * (size // len(first))


def test_the_modules_are_all_that_read_texts_from_outside() -> None:
    """A new one is to be added above; these read what the operator or the product itself has written."""
    ours = {
        "worker/analysis/title.py",  # a stranger's words, but no more than a thousand characters of them
        "worker/admin/find.py",
        "worker/cli/parameters.py",
        "worker/demo/simulator/vendors/api_video.py",
        "worker/demo/simulator/faults.py",
        "worker/local/output_files.py",
        "worker/pipeline/container/file_head.py",
        "worker/people/claims.py",  # a provider's words, each of which is looked at once
        "worker/people/people.py",  # a long address is refused before
        "worker/people/tokens.py",
        "worker/pipeline/selection/reasons.py",
        "worker/review/filmstrip.py",
        "worker/review/search.py",  # splits by single characters
        "worker/settings/types.py",
        "worker/text.py",
        "worker/weights/download.py",
        "worker/weights/lite.py",
        "worker/weights/training/taste/judge/teaching/own_videos.py",  # names of the user's own files
        "worker/weights/training/taste/related.py",
        "webhook/beacon/bots.py",  # a stranger's words, but no more than a few hundred characters of them
        "webhook/variants/script.py",
        "webhook/review/bulk.py",  # three numbers, each of bounded length
        "webhook/review/serving.py",
        "webhook/thumbnails.py",
    }
    root = Path(__file__).parents[2]
    read = {
        str(file.relative_to(root))
        for room in ("worker", "webhook")
        for file in (root / room).rglob("*.py")
        if "re.compile(" in file.read_text()
    }

    assert read - ours == {f"{module.__name__.replace('.', '/')}.py" for module in MODULES}
