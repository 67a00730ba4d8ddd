"""`thumbs show`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.support.review.looked_at import flagged, looked_at
from tests.support.service import builders, chosen_asset
from tests.support.service.commands import answer, failed, give_up_write, picked
from tests.support.service.deliveries import EVENTS_SECRET
from worker import jobs, publications
from worker.database import transaction
from worker.errors import PlatformUnavailable
from worker.platforms.event import EventKind
from worker.text import format_age
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run


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


def test_the_addresses_of_a_private_video_are_signed(
    engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where that is set; the same ones stand in both forms of the answer."""
    monkeypatch.setenv("SIGNED_THUMBNAILS", "private")
    monkeypatch.setenv("THUMBNAILS_SECRET", EVENTS_SECRET)
    picked(engine, "a1")
    with engine.begin() as connection:
        connection.execute(text("UPDATE assets SET is_private = true"))

    (pick,) = answer(thumbs("show", "mux/main/a1", "--json"))["picks"]

    assert "&signature=" in pick["url"]
    assert "&signature=" in thumbs("show", "a1").stdout.replace("\n", "")


def test_picks_that_are_held_are_told_with_the_reason(engine: Engine, thumbs: Run) -> None:
    """Nothing is shown of them, neither now nor soon; every pick and the timeline say why."""
    looked_at(engine, flagged())

    sheet = answer(thumbs("show", "a1", "--json"))
    said = thumbs("show", "a1").stdout

    assert (sheet["is_flagged"], sheet["is_held"], sheet["publication"]["error_class"]) == (
        True,
        True,
        "Flagged",
    )
    assert "held: 00:06.500, the best pick, is flagged as unsafe and waits for a person" in said
    assert "to be shown" not in said
    assert "although flagged as unsafe" in said
    assert any((moment["what"], moment["state"]) == ("write 1", "held") for moment in sheet["timeline"])


def test_it_leads_to_the_page_of_the_asset(
    engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """Near its top, where REVIEW_URL says that there are pages, or `thumbs up` shows them on this machine."""
    picked(engine, "a1")
    assert answer(thumbs("show", "a1", "--json"))["page"] is None

    monkeypatch.setenv("REVIEW_URL", "https://review.example.com")
    sheet, lines = answer(thumbs("show", "a1", "--json")), thumbs("show", "a1").stdout.splitlines()
    assert sheet["page"] == "https://review.example.com/a/mux/main/a1"
    assert sheet["page"] in lines[:4]

    monkeypatch.delenv("REVIEW_URL")
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setattr("worker.cli.database.running_postgres", lambda _: database_url)
    assert answer(thumbs("show", "a1", "--json"))["page"] == "http://127.0.0.1:8080/a/mux/main/a1"
    monkeypatch.setenv("REVIEW_PORT", "0")
    assert answer(thumbs("show", "a1", "--json"))["page"] is None


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
        builders.OWNER,
    ):
        assert part in text


def happened(sheet: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return who did it and what it says, by what happened."""
    return {(one["what"], one["state"]): (one["who"], one["says"]) for one in sheet["timeline"]}


def test_the_timeline_tells_what_happened_and_who_did_it(engine: Engine, thumbs: Run) -> None:
    """Events, jobs with every attempt, writes, and choices until somebody ends them."""
    builders.record(engine, builders.event())
    with transaction(engine) as session:
        jobs.give_back(session, builders.claimed(engine))
    chosen_asset.pick(engine)
    chosen_asset.choose(engine)
    chosen_asset.release(engine)

    sheet = answer(thumbs("show", "a1", "--json"))

    assert happened(sheet) == {
        ("event", "applied"): ("mux", "video.asset.ready"),
        ("job 1", "requested"): ("", "ready"),
        ("job 1", "running"): (builders.OWNER, ""),
        ("job 1", "available"): (builders.OWNER, "given back"),
        ("job 1", "completed"): (builders.OWNER, ""),
        ("write 1", "requested"): ("", "00:01.500, the best pick"),
        ("write 1", "confirmed"): ("", "we wrote 1.5"),
        ("choice 1", "chosen"): ("ada@host", "00:12.400: the boss likes it"),
        ("write 2", "requested"): ("", "00:12.400, choice 1"),
        ("choice 1", "released"): ("bob@host", "back to normal"),
        ("write 3", "requested"): ("", "00:01.500, the best pick"),
    }
    text = thumbs("show", "a1").stdout
    for (what, state), (who, says) in happened(sheet).items():
        assert all(word in text for word in (what, state, who, says))


def test_a_choice_is_seen_and_whether_it_was_lost(engine: Engine, thumbs: Run) -> None:
    """With who made it, and what became of its moment."""
    chosen_asset.choose(chosen_asset.pick(engine))
    assert "chosen by ada@host: 00:12.400" in thumbs("show", "a1").stdout

    chosen_asset.after_edit(engine, Timeline.of([Range(0.0, 10.0)]))

    sheet, text = answer(thumbs("show", "a1", "--json")), thumbs("show", "a1").stdout
    fate = "00:12.400 was cut away by an edit"
    assert (sheet["choice"]["who"], sheet["choice"]["note"]) == ("ada@host", fate)
    assert sheet["choice"]["lost_at"] is not None
    assert happened(sheet)["choice 1", "lost"] == ("", fate)
    assert f"the chosen moment was lost, so the best pick is shown\n{fate}\n" in text


def test_a_thumbnail_that_somebody_else_set_is_seen(engine: Engine, thumbs: Run) -> None:
    """That it stays, and which write gave way to it."""
    picked(engine, "a1")
    claim = chosen_asset.claimed(engine)
    with transaction(engine) as session:
        publications.yield_to(session, claim, "7.0")

    sheet, text = answer(thumbs("show", "a1", "--json")), thumbs("show", "a1").stdout
    assert sheet["foreign_thumbnail"] == "7.0"
    assert sheet["foreign_at"] is not None
    assert happened(sheet)["write 1", "yielded"] == ("", "left alone: somebody else set 7.0")
    assert "somebody else set 7.0 at the platform; it stays" in text


@pytest.mark.parametrize(
    ("set_here", "says"),
    [
        ("PICKS", "PICKS_URL was told"),
        ("PICTURES", "the picture was put at PICTURES_URL"),
        ("PICKS PICTURES", "PICKS_URL was told, and the picture was put at PICTURES_URL"),
        ("", "served by us; neither PICKS_URL nor PICTURES_URL is set here"),
    ],
)
def test_of_a_video_on_no_platform_it_is_said_who_was_told(
    engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch, set_here: str, says: str
) -> None:
    """Nothing was written, so it does not say so."""
    if "PICTURES" in set_here:
        monkeypatch.setenv("PICTURES_URL", "https://media.example.com/{asset}.jpg")
    if "PICKS" in set_here:
        monkeypatch.setenv("PICKS_URL", "https://cms.example.com/picks")
        monkeypatch.setenv("PICKS_SECRET", EVENTS_SECRET)
    values = {"platform": "direct", "account": "media", "media_url": "https://media.example.com/a.mp4"}
    builders.record(engine, builders.event(**values))
    builders.completed(engine)
    claim = chosen_asset.claimed(engine)
    with transaction(engine) as session:
        publications.confirm(session, claim, None)

    sheet, text = answer(thumbs("show", "a1", "--json")), thumbs("show", "a1").stdout

    assert happened(sheet)["write 1", "confirmed"] == ("", says)
    assert f"confirmed generation 1, attempt 1: {says}\n" in text
    assert "we wrote" not in text
    assert "\nshown: 00:01.500, the best pick\n" in text


def test_a_platform_that_does_not_tell_what_it_shows_was_written_all_the_same(
    engine: Engine, thumbs: Run
) -> None:
    """Wistia takes a picture, and has no name for it."""
    builders.record(engine, builders.event(platform="wistia"))
    builders.completed(engine)
    claim = chosen_asset.claimed(engine)
    with transaction(engine) as session:
        publications.confirm(session, claim, None)

    assert happened(answer(thumbs("show", "a1", "--json")))["write 1", "confirmed"] == (
        "",
        "we wrote the picture",
    )
    assert "served by us" not in thumbs("show", "a1").stdout


def test_a_clip_names_the_asset_that_it_was_cut_from(engine: Engine, thumbs: Run) -> None:
    """As its platform told it."""
    builders.record(engine, builders.event(source_asset_id="whole"))

    assert answer(thumbs("show", "a1", "--json"))["source_external_id"] == "whole"
    assert "cut from whole" in thumbs("show", "a1").stdout


def test_a_write_that_was_given_up_says_why(engine: Engine, thumbs: Run) -> None:
    """So that the operator knows what to repair."""
    give_up_write(engine, "a1", "thumbnail_time is beyond the end")

    assert "PublishRejected: thumbnail_time is beyond the end" in thumbs("show", "a1").stdout


def test_a_job_that_was_given_up_says_why(engine: Engine, thumbs: Run) -> None:
    """And at which attempt."""
    failed(engine, "a1", "no video stream")

    line = next(line for line in thumbs("show", "a1").stdout.splitlines() if line.startswith("job "))
    assert "attempt 1/5: " in line
    assert "no video stream" in line


def test_equal_failures_take_one_line(engine: Engine, thumbs: Run) -> None:
    """Which says how often it happened, and when it happened last."""
    builders.record(engine, builders.event())
    for _ in range(4):
        claim = builders.claimed(engine)
        with transaction(engine) as session:
            jobs.fail(session, claim, PlatformUnavailable("the platform does not answer"))
        with transaction(engine) as session:
            session.execute(text("UPDATE jobs SET scheduled_at = requested_at"))

    lines = thumbs("show", "a1").stdout.partition("timeline")[2].splitlines()

    (line,) = [line for line in lines if "does not answer" in line]
    assert re.search(r"does not answer.*\(4 times, last \d+ s ago\)", line)
    assert len([line for line in lines if "running" in line]) == 1


def test_the_duration_is_named(engine: Engine, thumbs: Run) -> None:
    """So that nobody takes it for a moment."""
    picked(engine, "a1")
    with engine.begin() as connection:
        connection.execute(text("UPDATE assets SET duration_s = 5.28"))

    assert "; duration 00:05.280\n" in thumbs("show", "a1").stdout


@pytest.mark.parametrize(
    ("seconds", "says"), [(0.0, "0 s"), (-0.2, "in 1 s"), (-90.0, "in 1 min"), (90.0, "1 min")]
)
def test_an_age_says_whether_it_is_over(seconds: float, says: str) -> None:
    """Also of what is to come at once."""
    assert format_age(timedelta(seconds=seconds)) == says


def test_a_number_is_a_job(engine: Engine, thumbs: Run) -> None:
    """Of an asset's jobs only this one is shown."""
    first = failed(engine, "a1").row_id
    builders.record(engine, builders.event(EventKind.EDITED, asset_id="a1", minute=5))

    sheet = answer(thumbs("show", str(first), "--json"))

    assert [job["id"] for job in sheet["jobs"]] == [first]
    assert len(answer(thumbs("show", "a1", "--json"))["jobs"]) == 2


def test_a_deleted_asset_says_so(engine: Engine, thumbs: Run) -> None:
    """It is not looked at any more."""
    picked(engine, "a1")
    builders.record(engine, builders.event(EventKind.DELETED, minute=9))

    assert "deleted" in thumbs("show", "a1").stdout


def test_what_is_not_there_is_named(thumbs: Run) -> None:
    """One sentence, and how to write it."""
    result = thumbs("show", "nothing", "--json")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: nothing: no such asset or job; write mux/main/ASSETID, an id or a title or the start of one"
        " (4 characters or more), a thumbnail's address, or a job's number\n"
    )


def test_an_id_that_may_be_two_things_is_refused(engine: Engine, thumbs: Run) -> None:
    """A job's number may also be the id of an asset; the full name decides."""
    job_id = failed(engine, "a1").row_id
    builders.record(engine, builders.event(asset_id=str(job_id)))

    result = thumbs("show", str(job_id))

    assert result.exit_code == 1
    assert f"{job_id} may be job {job_id}, or mux/main/{job_id}" in result.stderr
    assert answer(thumbs("show", f"mux/main/{job_id}", "--json"))["asset"] == f"mux/main/{job_id}"


@pytest.mark.parametrize("word", ["99999999999999999999", "\u0663", "a/b", "a/b/c/d", ""])
def test_no_word_breaks_it(thumbs: Run, word: str) -> None:
    """Numbers beyond the database's, digits of other scripts, half a name."""
    assert thumbs("show", word).exit_code == 1
