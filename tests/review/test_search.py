"""People find assets by words, by the start of an id and by a thumbnail, in any of their accounts."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest

from tests.support.review import shelf
from worker.database import transaction
from worker.review import search
from worker.review.newest import Cursor

if TYPE_CHECKING:
    from sqlalchemy import Engine

MAIN, OTHER = ("mux", "main"), ("mux", "other")
SHA256 = "0123456789abcdef" * 4


@pytest.fixture(params=["among the newest", "by the index"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have both ways of finding looked at, each by itself."""
    monkeypatch.setattr(search, "LOOKED_AT", 1_000 if request.param == "among the newest" else 1)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("City bikes at night", "bikes"),
        ("City bikes at night", "NIGHT bik"),
        ("Über den Bergen", "über"),
        ("Über den Bergen", "ÜBER berg"),
        ("growing_tomatoes.mp4", "tomatoes"),
        ("growing_tomatoes.mp4", "growing_tomatoes.mp4"),
        ("Don't look", "don't"),
        ("Городской транспорт", "городской"),
        ("50% off & more", "50% & off"),
        (unicodedata.normalize("NFD", "Crème brûlée.mov"), "crème"),
        ("Crème brûlée", unicodedata.normalize("NFD", "brûlée")),
        ("Café am Markt", "cafe"),
        ("Cafe am Markt", "café"),
        ("Don\u2019t look", "don't"),
        ("Don't look", "don\u2019t"),
        ("Call +49 now", "49"),
        ("Call +49 now", "+49"),
        ("한국어 방송", unicodedata.normalize("NFD", "한국어")),
        ("ガイド", "ガイ"),
        ("\ufdfa" * 600 + " end", "\ufdfa"),
        ("a" * 3000, "aaa"),
    ],
)
def test_a_title_is_found_by_its_words(engine: Engine, title: str, words: str) -> None:
    """By all of them, by their beginnings, in any case; points and the like stand between words."""
    (meant,) = shelf.add(engine, title, external_id="x1")
    shelf.add(engine, "Something else", external_id="x2")

    assert found(engine, words) == [meant]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("words", ["Abc-12", "abc-123_x y.mp4", "mux/main/Abc-123", "ABC-1"])
def test_an_id_is_found_by_its_beginning(engine: Engine, words: str) -> None:
    """Also with its account before it, as commands print it."""
    (meant,) = shelf.add(engine, "", external_id="Abc-123_x y.mp4")
    shelf.add(engine, "", external_id="Abc-9")
    shelf.add(engine, "", external_id="Abc-123", account="other")

    assert found(engine, words) == [meant]


def test_a_thumbnail_is_found_by_its_address(engine: Engine) -> None:
    """Wherever it is served."""
    meant, _ = shelf.add(engine, "one", "two")
    shelf.add_picture(engine, meant, sha256=SHA256)

    assert found(engine, f"https://thumbs.example/thumbnails/{SHA256}.jpg?signature=x") == [meant]


@pytest.mark.parametrize(
    "words", ["'", "\\", "a' | 'b", "& | ! ( ) : *", "!!", "<->", "%", "x:*", "=", "@mux/main"]
)
def test_signs_are_text_and_no_language(engine: Engine, words: str) -> None:
    """They find nothing here, and break nothing."""
    shelf.add(engine, "bikes", external_id="x1")

    assert found(engine, words) == []


@pytest.mark.usefixtures("way")
def test_nothing_is_found_in_other_accounts_or_among_the_deleted(engine: Engine) -> None:
    """Nor by a whole name, nor by a thumbnail."""
    (theirs,) = shelf.add(engine, "bikes", account="other", external_id="x1")
    shelf.add_picture(engine, theirs, sha256=SHA256)
    shelf.add(engine, "bikes", external_id="x2", deleted_at="2026-01-01")

    for words in ("bikes", "x1", "x2", "mux/other/x1", SHA256):
        assert found(engine, words) == []
    with transaction(engine) as session:
        assert search.found_ids(session, [MAIN, OTHER], "all", "bikes", Cursor(), 9) == [theirs]


@pytest.mark.usefixtures("way")
def test_a_search_has_pages_and_stays_within_a_filter(engine: Engine) -> None:
    """Newest first, beyond an asset or before it."""
    ids = shelf.add(engine, *(f"bikes {number}" for number in range(6)), pick_gap=0.01)
    shelf.add(engine, "bikes that are sure", pick_gap=0.9)

    def page(place: Cursor) -> list[int]:
        with transaction(engine) as session:
            return search.found_ids(session, [MAIN], "unsure", "bikes", place, 3)

    assert page(Cursor()) == [ids[5], ids[4], ids[3]]
    assert page(Cursor(after=ids[3])) == [ids[2], ids[1], ids[0]]
    assert page(Cursor(before=ids[1])) == [ids[2], ids[3], ids[4]]


def found(engine: Engine, words: str) -> list[int]:
    """Search the account `main`."""
    with transaction(engine) as session:
        return search.found_ids(session, [MAIN], "all", search.cleaned(words), Cursor(), 9)
