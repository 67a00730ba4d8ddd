"""`thumbs pictures check` names what is missing and what to do, and removes what it is told to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.storage.test_checking import ORPHAN, keys_of, stored_apart
from tests.storage.test_removals import noted
from tests.support.service.builders import JPEG
from tests.support.service.commands import answer
from worker.cli.assets import pictures_check
from worker.errors import BucketUnavailable
from worker.storage import bucket as storage_bucket
from worker.storage.checking import BucketCheck

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.platforms.picture_shelf import Shelf
    from tests.support.service.commands import Run


@pytest.fixture(autouse=True)
def _settings(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shelf.variables().items():
        monkeypatch.setenv(name.upper(), str(value))


def test_says_that_all_is_there(engine: Engine, shelf: Shelf, thumbs: Run) -> None:
    """And ends with 0."""
    stored_apart(engine, shelf, 1)

    said = thumbs("pictures", "check")

    assert said.exit_code == 0
    assert "compared 2 objects of the bucket" in said.output
    assert "all that rows show is there" in said.output


def test_names_the_videos_whose_pictures_are_missing(engine: Engine, shelf: Shelf, thumbs: Run) -> None:
    """And the command that makes them anew; it ends with 1."""
    stored_apart(engine, shelf, 2)
    key = keys_of(engine, 2)[0]
    shelf.damage(key, None)

    said = thumbs("pictures", "check")
    document = json.loads(thumbs("pictures", "check", "--json").stdout)

    assert said.exit_code == 1
    assert f"mux/main/a2: {key}" in said.output
    assert "thumbs requeue" in said.output
    assert document["named"] == [{"asset": "mux/main/a2", "key": key}]
    assert (document["needed"], document["is_all"]) == (1, True)


@pytest.mark.usefixtures("a_day_later")
def test_has_orphans_removed_only_where_it_is_told_to(engine: Engine, shelf: Shelf, thumbs: Run) -> None:
    """By the dispatcher."""
    shelf.bucket().put(ORPHAN, JPEG)

    assert "--remove-orphans" in thumbs("pictures", "check").output
    assert answer(thumbs("pictures", "check", "--json"))["orphans"] == 1
    unsure = thumbs("pictures", "check", "--remove-orphans")
    assert (unsure.exit_code, noted(engine)) == (2, [])
    assert "--yes" in unsure.stderr
    assert "the dispatcher removes" in thumbs("pictures", "check", "--remove-orphans", "--yes").output
    assert noted(engine) == [ORPHAN]


def test_asks_which_database_and_bucket_are_meant_before_anything_is_removed(
    engine: Engine, shelf: Shelf, thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a copy of the database, all that came since would go."""
    asked: list[str] = []
    monkeypatch.setattr(pictures_check, "confirm", lambda question, **_: asked.append(question))

    thumbs("pictures", "check", "--remove-orphans")

    (question,) = asked
    assert engine.url.database is not None
    assert engine.url.database in question
    assert shelf.settings().bucket_url in question


def test_says_where_to_go_on(
    engine: Engine, shelf: Shelf, thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C, and after the bucket went away."""
    stored_apart(engine, shelf, 2)
    monkeypatch.setattr(storage_bucket, "PAGE_KEYS", 1)
    first = shelf.keys()[0]

    def stops_at(error: type[BaseException]) -> Any:
        def add(check: BucketCheck, *more: Any) -> None:
            if check.objects:
                raise error("away")
            whole(check, *more)

        whole = BucketCheck.add
        with monkeypatch.context() as patched:
            patched.setattr(BucketCheck, "add", add)
            return thumbs("pictures", "check")

    interrupted, failed = stops_at(KeyboardInterrupt), stops_at(BucketUnavailable)

    assert (interrupted.exit_code, failed.exit_code) == (130, 1)
    for ended in (interrupted, failed):
        assert f"run it with --after {first} to go on" in ended.stderr
        assert "compared 1 objects of the bucket" in ended.stdout
    rest = answer(thumbs("pictures", "check", "--after", first, "--json"))
    assert (rest["objects"], rest["missing"]) == (3, 0)


def test_takes_no_other_key_to_go_on_after(thumbs: Run) -> None:
    """From there, rows and objects would not be compared from the same place."""
    refused = thumbs("pictures", "check", "--after", "thumbnails/x")

    assert refused.exit_code == 2


def test_needs_a_bucket(thumbs: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which setting names it."""
    monkeypatch.delenv("BUCKET_URL")

    assert "BUCKET_URL" in thumbs("pictures", "check").output
