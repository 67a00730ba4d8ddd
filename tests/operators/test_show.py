"""`thumbs show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import rows
from tests.operators.acts import answer, failed, give_up_write, picked
from worker.events import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.operators.acts import Run


def test_it_tells_all_about_an_asset(engine: Engine, thumbs: Run, monkeypatch: Any) -> None:
    """Its picks with reasons and addresses, its publication, its job with the history."""
    monkeypatch.setenv("PUBLIC_URL", "https://thumbs.example.com/")
    picked(engine, "a1")

    sheet = answer(thumbs("show", "mux/main/a1", "--json"))

    assert (sheet["asset"], sheet["title"]) == ("mux/main/a1", "Growing tomatoes")
    (pick,) = sheet["picks"]
    assert (pick["rank"], pick["time_s"], pick["score"], pick["reasons"]) == (1, 1.5, 2.5, ["sharp"])
    assert pick["url"] == f"https://thumbs.example.com/thumbnails/{'ab' * 32}.jpg"
    assert sheet["publication"]["state"] == "pending"
    assert [line["state"] for line in sheet["jobs"][0]["log"]] == ["running", "completed"]


def test_people_see_the_same(engine: Engine, thumbs: Run) -> None:
    """Heading, picks, publication, job and history."""
    picked(engine, "a1")

    text = thumbs("show", "a1").stdout

    for part in (
        "mux/main/a1",
        "Growing tomatoes",
        "sharp",
        "00:01.500",
        "pending",
        "completed",
        rows.OWNER,
    ):
        assert part in text


def test_a_write_that_was_given_up_says_why(engine: Engine, thumbs: Run) -> None:
    """So that the operator knows what to repair."""
    give_up_write(engine, "a1", "thumbnail_time is beyond the end")

    assert "PublishRejected: thumbnail_time is beyond the end" in thumbs("show", "a1").stdout


def test_a_number_is_a_job(engine: Engine, thumbs: Run) -> None:
    """Of an asset's jobs only this one is shown."""
    first = failed(engine, "a1").job_id
    rows.record(engine, rows.event(EventKind.EDITED, asset_id="a1", minute=5))

    sheet = answer(thumbs("show", str(first), "--json"))

    assert [job["id"] for job in sheet["jobs"]] == [first]
    assert len(answer(thumbs("show", "a1", "--json"))["jobs"]) == 2


def test_a_deleted_asset_says_so(engine: Engine, thumbs: Run) -> None:
    """It is not looked at any more."""
    picked(engine, "a1")
    rows.record(engine, rows.event(EventKind.DELETED, minute=9))

    assert "deleted" in thumbs("show", "a1").stdout


def test_what_is_not_there_is_named(thumbs: Run) -> None:
    """One sentence, and how to write it."""
    result = thumbs("show", "nothing", "--json")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: nothing: no such asset or job; write mux/main/ASSETID, or a job's number\n"
    )


def test_an_id_that_may_be_two_things_is_refused(engine: Engine, thumbs: Run) -> None:
    """A job's number may also be the id of an asset; the full name decides."""
    job_id = failed(engine, "a1").job_id
    rows.record(engine, rows.event(asset_id=str(job_id)))

    result = thumbs("show", str(job_id))

    assert result.exit_code == 1
    assert f"{job_id} may be job {job_id}, or mux/main/{job_id}" in result.stderr
    assert answer(thumbs("show", f"mux/main/{job_id}", "--json"))["asset"] == f"mux/main/{job_id}"


@pytest.mark.parametrize("word", ["99999999999999999999", "\u0663", "a/b", "a/b/c/d", ""])
def test_no_word_breaks_it(thumbs: Run, word: str) -> None:
    """Numbers beyond the database's, digits of other scripts, half a name."""
    assert thumbs("show", word).exit_code == 1
