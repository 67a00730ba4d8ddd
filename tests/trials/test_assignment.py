"""Who sees which variant is the same in Python, in JavaScript, and in what developers copy from the page."""

from __future__ import annotations

import collections
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.doc_blocks import ROOT, blocks_of
from webhook.variants.script import read_script
from worker.trials.assignment import BUCKETS, MAX_VIEWER_CHARACTERS, bucket_of, bucket_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAGE = "docs/learning.md"
VECTORS: list[tuple[str, str, int]] = json.loads(
    (Path(__file__).parent / "assignment_vectors.json").read_text()
)
DRAW = ROOT / "tests" / "support" / "viewers" / "draw.js"

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not here")


def buckets_of_node(script: Sequence[str], vectors: Sequence[tuple[str, str, int]]) -> list[int]:
    """Have Node.js read the vectors, and print a bucket for each."""
    told = subprocess.run(
        ["node", *script],  # noqa: S607
        input=json.dumps(vectors),
        capture_output=True,
        text=True,
        check=True,
    )
    buckets: list[int] = json.loads(told.stdout)
    return buckets


def test_the_vectors_are_those_of_the_page() -> None:
    """Which developers test their own function with."""
    printed = [json.loads(block.code) for block in blocks_of(PAGE) if block.language == "json"]

    assert VECTORS in printed


def test_the_vectors_try_what_may_go_wrong() -> None:
    """Other alphabets, signs of two words in UTF-16, the longest word, none at all, and a colon in it."""
    words = [viewer for _, viewer, _ in VECTORS]

    assert len(VECTORS) >= 20
    assert {"", "a:b:c"} <= set(words)
    assert max(map(len, words)) == MAX_VIEWER_CHARACTERS
    assert any(len(word.encode("utf-16-le")) == 4 * MAX_VIEWER_CHARACTERS for word in words)


@pytest.mark.parametrize(("salt", "viewer", "bucket"), VECTORS)
def test_python_draws_as_the_vectors_say(salt: str, viewer: str, bucket: int) -> None:
    """The service itself."""
    assert bucket_of(salt, viewer) == bucket


@needs_node
def test_the_script_draws_as_the_vectors_say(tmp_path: Path) -> None:
    """As it is sent to browsers. Who has no word gets a random one there, so that vector is left out."""
    (tmp_path / "thumbs.js").write_bytes(read_script().body)
    vectors = [vector for vector in VECTORS if vector[1]]

    buckets = buckets_of_node([str(DRAW), str(tmp_path / "thumbs.js")], vectors)

    assert buckets == [bucket for *_, bucket in vectors]


@needs_node
def test_the_function_of_the_page_draws_as_the_vectors_say() -> None:
    """In JavaScript, as developers copy it for players and servers of their own."""
    (function,) = (
        block.code
        for block in blocks_of(PAGE)
        if block.language == "javascript" and "function bucketOf" in block.code
    )
    ask = """
    const vectors = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const buckets = vectors.map(([salt, viewer]) => bucketOf(salt, viewer));
    Promise.all(buckets).then((all) => console.log(JSON.stringify(all)));
    """

    assert buckets_of_node(["-e", function + ask], VECTORS) == [bucket for *_, bucket in VECTORS]


def test_the_python_of_the_page_draws_as_the_vectors_say() -> None:
    """As developers copy it for servers of their own."""
    (code,) = (block.code for block in blocks_of(PAGE) if "def bucket_of" in block.code)
    names: dict[str, Callable[[str, str], int]] = {}
    exec(code, names)  # noqa: S102 - what the page prints

    assert [names["bucket_of"](salt, viewer) for salt, viewer, _ in VECTORS] == [
        bucket for *_, bucket in VECTORS
    ]


@pytest.mark.parametrize("variants", [2, 3, 4])
def test_viewers_are_dealt_evenly(variants: int) -> None:
    """Each variant gets its share, each bucket has one variant, and another test deals anew."""
    ranges = bucket_ranges(variants)
    seen = collections.Counter(
        number
        for viewer in range(10_000)
        for number, (begin, end) in enumerate(ranges)
        if begin <= bucket_of("salt", str(viewer)) < end
    )
    same = sum(bucket_of("salt", str(viewer)) == bucket_of("other", str(viewer)) for viewer in range(10_000))

    assert [bucket for begin, end in ranges for bucket in range(begin, end)] == list(range(BUCKETS))
    for number, (begin, end) in enumerate(ranges):
        assert abs(seen[number] / 10_000 - (end - begin) / BUCKETS) < 0.02
    assert same / 10_000 < 0.02
