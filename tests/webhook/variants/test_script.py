"""The script is small, is kept by caches, and is exactly what the page's line of HTML names."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.doc_blocks import ROOT
from webhook.variants.script import read_script

if TYPE_CHECKING:
    from flask.testing import FlaskClient

MOST_BYTES = 3000  # packed
SCRIPT = read_script()
EXACTLY = f"/v1/thumbs.{SCRIPT.version}.js"


def test_it_is_under_three_kilobytes() -> None:
    """Packed as any proxy packs it; nobody's page becomes slow of it."""
    assert len(gzip.compress(SCRIPT.body, 6)) < MOST_BYTES


def test_it_needs_nothing_that_pages_forbid() -> None:
    """No cookie, no code made of words, no other script; and no syntax that is newer than ES2017."""
    source = SCRIPT.body.decode()

    for forbidden in ("cookie", "eval", "Function(", "import", "innerHTML", "document.write", ".src = "):
        assert forbidden not in source
    assert not re.search(r"\?\.|\?\?|\|\|=|&&=|catch \{|\.\.\.[\w.]+ \}", source)


@pytest.mark.parametrize(
    ("path", "caching"),
    [("/v1/thumbs.js", "public, max-age=3600"), (EXACTLY, "public, max-age=31536000, immutable")],
)
def test_it_may_be_kept_and_loaded_by_all_sites(viewer: FlaskClient, path: str, caching: str) -> None:
    """For an hour, so that a new one is used soon; the one whose version is in the address for ever."""
    answer = viewer.get(path)
    again = viewer.get(path, headers={"If-None-Match": answer.headers["ETag"]})

    assert (answer.status_code, answer.data) == (200, SCRIPT.body)
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert (again.status_code, again.data) == (304, b"")
    for one in (answer, again, viewer.head(path)):
        assert one.headers["Cache-Control"] == caching
        assert one.headers["Access-Control-Allow-Origin"] == "*"
        assert one.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("version", ["0" * 16, "x", "%00", "..%2f..", SCRIPT.version.upper() + "a"])
def test_another_version_is_not_sent_in_its_place(viewer: FlaskClient, version: str) -> None:
    """Its integrity would be wrong, and a cache would keep it for ever."""
    answer = viewer.get(f"/v1/thumbs.{version}.js")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_the_documented_line_names_these_bytes() -> None:
    """After a change of the script, write the new version and integrity into docs/learning.md."""
    page = (ROOT / "docs" / "learning.md").read_text()
    sha384 = base64.b64encode(hashlib.sha384(SCRIPT.body).digest()).decode()

    assert SCRIPT.version == hashlib.sha256(SCRIPT.body).hexdigest()[:16]
    assert set(re.findall(r"thumbs\.([0-9a-f]{16})\.js", page)) == {SCRIPT.version}
    assert set(re.findall(r"sha384-[\w+/=]+", page)) == {f"sha384-{sha384}"}
