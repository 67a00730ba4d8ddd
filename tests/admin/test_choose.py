"""`thumbs choose` and `thumbs release`."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from sqlalchemy import inspect, select

from tests.support.service import builders
from tests.support.service.commands import answer, picked
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import JobLog, StoredCandidate, Thumbnail
from worker.database.people import AuditEntry
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.support.service.commands import Run


@pytest.fixture(autouse=True)
def accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure an account of a platform that shows a time, and one of a platform that shows nothing."""
    for platform in ("MUX", "FASTPIX"):
        for name, value in (("WEBHOOK_SECRET", "c2VjcmV0"), ("TOKEN_ID", "id"), ("TOKEN_SECRET", "secret")):
            monkeypatch.setenv(f"{platform}__MAIN__{name}", value)


def on_fastpix(engine: Engine, asset_id: str) -> None:
    """Let an asset of FastPix be picked."""
    builders.record(engine, builders.event(asset_id=asset_id, platform="fastpix"))
    builders.completed(engine)


def picture(folder: Path, kind: str, size: tuple[int, int] = (320, 180)) -> str:
    """Write a picture, and return where it is."""
    file = folder / f"own.{kind.lower()}"
    Image.new("RGBA" if kind == "PNG" else "RGB", size, "orange").save(file, kind)
    return str(file)


def test_a_moment_is_chosen_at_once_where_the_platform_cuts_it(engine: Engine, thumbs: Run) -> None:
    """Nothing is looked at again; who did it and why is on record."""
    picked(engine, "a1")

    result = thumbs("choose", "a1", "--time", "12.4", "--why", "the goal")

    assert (result.exit_code, result.stdout) == (
        0,
        "mux/main/a1: 00:12.400 is the thumbnail from now on, until `thumbs release`\n",
    )
    choice = builders.only(engine, Choice)
    assert "@" in choice.who
    assert choice.why == "the goal"
    entry = builders.only(engine, AuditEntry)
    assert (entry.who, entry.via, entry.act, entry.asset_id) == (choice.who, "cli", "choose", choice.asset_id)
    assert builders.publication_states(engine) == ["superseded", "pending"]
    assert builders.job_states(engine) == ["completed"]


def test_a_run_takes_the_still_where_we_serve_it(engine: Engine, thumbs: Run) -> None:
    """Until then the nearest frame is served; a pick's own still needs no run."""
    on_fastpix(engine, "f1")

    exact = answer(thumbs("choose", "f1", "--time", "1.5", "--json"))
    between = thumbs("choose", "f1", "--time", "12.4")

    assert exact["is_taking_still"] is False
    assert "a run takes the picture of exactly that moment" in between.stdout
    assert builders.job_states(engine) == ["completed", "scheduled"]
    assert "requeued: to take the chosen still" in [line.note for line in builders.every(engine, JobLog)]


@pytest.mark.parametrize("printed", ["12.4", "00:12.4", "00:12.400", "0:00:12.4"])
def test_a_moment_is_taken_as_it_is_printed(engine: Engine, thumbs: Run, printed: str) -> None:
    """Tables print 00:12.400, and people copy it."""
    picked(engine, "a1")

    document = answer(thumbs("choose", "a1", "--time", printed, "--json"))

    assert document["choice"]["time_s"] == pytest.approx(12.4)


def test_a_moment_that_is_none_shows_how_to_write_one(engine: Engine, thumbs: Run) -> None:
    """As wrong use."""
    picked(engine, "a1")

    result = thumbs("choose", "a1", "--time", "noon")

    assert result.exit_code == 2
    assert "'noon' is no moment: write seconds, as 12.4, or a time, as 00:12.4" in result.stderr


def filmstrip(engine: Engine) -> None:
    """Let a1 have two picks, of which one was taken beside its frame, and three other frames."""
    picked(engine, "a1")
    with transaction(engine) as session:
        first = session.scalars(select(Thumbnail)).one()
        columns = {column.key: getattr(first, column.key) for column in inspect(Thumbnail).column_attrs}
        session.add(Thumbnail(**(columns | {"id": None, "rank": 2, "time_s": 8.0})))
        for time_s, score, lost in ((3.0, 0.5, "outscored"), (7.6, 2.0, None), (5.0, 1.5, "outscored")):
            session.add(frame(first.asset_id, time_s, score, lost))
        session.add(frame(first.asset_id, 0.1, None, "black"))


def frame(asset_id: int, time_s: float, score: float | None, lost_because: str | None) -> StoredCandidate:
    """Make a frame of the first run."""
    return StoredCandidate(
        asset_id=asset_id,
        generation=1,
        time_s=time_s,
        shot=0,
        score=score,
        parts={},
        lost_because=lost_because,
        jpeg=builders.SMALL_JPEG,
    )


def test_frames_have_numbers_from_1_and_the_picks_their_ranks(engine: Engine, thumbs: Run) -> None:
    """The others follow by score; programs get the rows' ids, too, and people a list."""
    filmstrip(engine)

    candidates = answer(thumbs("show", "a1", "--json"))["candidates"]
    listed = thumbs("show", "a1").stdout.partition("other frames\n")[2].splitlines()[1:4]

    assert [(one["number"], one["time_s"]) for one in candidates] == [
        (1, 1.5),
        (2, 7.6),
        (3, 5.0),
        (4, 3.0),
        (5, 0.1),
    ]
    assert {one["id"] for one in candidates} == {row.id for row in builders.every(engine, StoredCandidate)}
    assert [line.split()[:2] for line in listed] == [
        ["3", "00:05.000"],
        ["4", "00:03.000"],
        ["5", "00:00.100"],
    ]


@pytest.mark.parametrize(
    ("number", "kind", "time_s"), [(1, "candidate", 1.5), (2, "time", 8.0), (4, "candidate", 3.0)]
)
def test_a_frame_is_chosen_by_its_number(
    engine: Engine, thumbs: Run, number: int, kind: str, time_s: float
) -> None:
    """A pick at the moment of its picture, which may be beside its frame."""
    filmstrip(engine)

    document = answer(thumbs("choose", "a1", "--candidate", str(number), "--json"))

    assert (document["choice"]["kind"], document["choice"]["time_s"]) == (kind, time_s)


@pytest.mark.parametrize("number", [0, 6, -1, 2**70])
def test_a_number_that_no_frame_has_is_told_with_those_there_are(
    engine: Engine, thumbs: Run, number: int
) -> None:
    """Nothing changes."""
    filmstrip(engine)

    result = thumbs("choose", "a1", "--candidate", str(number))

    assert result.exit_code == 1
    assert f"mux/main/a1 has no candidate {number}: there are 1 to 5; `thumbs show mux/main/a1`" in (
        result.stderr
    )
    assert builders.every(engine, Choice) == []


def test_where_there_is_one_frame_no_range_is_told(engine: Engine, thumbs: Run) -> None:
    """Not "1 to 1"."""
    picked(engine, "a1")

    assert "has no candidate 2: there is only 1;" in thumbs("choose", "a1", "--candidate", "2").stderr


def test_what_is_shown_stands_first(engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best pick, then the choice of a person, then the best pick again."""
    monkeypatch.setenv("PUBLIC_URL", "https://thumbs.example.com")
    on_fastpix(engine, "f1")

    def first() -> tuple[str, str]:
        lines = thumbs("show", "f1").stdout.splitlines()
        return lines[lines.index(next(line for line in lines if "shown: " in line))], lines[
            lines.index("pictures") + 1
        ]

    pick = builders.only(engine, Thumbnail)
    best = (
        "to be shown: 00:01.500, the best pick",
        f"shown     https://thumbs.example.com/thumbnails/{pick.sha256}.jpg",
    )
    assert first() == best
    made = answer(thumbs("choose", "f1", "--time", "12.4", "--json"))
    chosen, address = first()
    assert chosen == "to be shown: 00:12.400, chosen by a person"
    assert made["sha256"] in address
    assert answer(thumbs("show", "f1", "--json"))["shown"]["sha256"] == made["sha256"]
    thumbs("release", "f1")
    assert first() == best


@pytest.mark.parametrize(
    ("platform", "accepts", "says"),
    [
        ("mux", "time", "takes a moment of the video: `thumbs choose` with --time or --candidate"),
        ("fastpix", "none", "no platform shows it, we serve the picture"),
        ("vimeo", "image", "takes a picture: `thumbs choose` with --time, --candidate or --image"),
        ("wistia", "image", "takes a picture"),  # of which no account is set here
    ],
)
def test_what_the_platform_takes_is_told_before_anybody_tries(
    engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch, platform: str, accepts: str, says: str
) -> None:
    """Also to programs."""
    monkeypatch.setenv("VIMEO__MAIN__ACCESS_TOKEN", "secret")
    builders.record(engine, builders.event(asset_id="x1", platform=platform))

    assert answer(thumbs("show", "x1", "--json"))["accepts"] == accepts
    assert says in thumbs("show", "x1").stdout


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_of_ones_own_is_served(engine: Engine, thumbs: Run, tmp_path: Path, kind: str) -> None:
    """As a JPEG of the same size."""
    on_fastpix(engine, "f1")

    document = answer(thumbs("choose", "f1", "--image", picture(tmp_path, kind), "--json"))

    thumbnail = builders.every(engine, Thumbnail)[-1]
    assert document["sha256"] == thumbnail.sha256
    with Image.open(io.BytesIO(thumbnail.jpeg)) as stored:
        assert (stored.format, stored.size) == ("JPEG", (320, 180))


def test_a_platform_that_only_takes_a_time_takes_no_picture(
    engine: Engine, thumbs: Run, tmp_path: Path
) -> None:
    """It is said, with what works; nothing changes."""
    picked(engine, "a1")

    result = thumbs("choose", "a1", "--image", picture(tmp_path, "PNG"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: mux shows a moment of the video and takes no picture: choose a time\n"
    assert builders.every(engine, Choice) == []


def test_a_deleted_asset_is_refused(engine: Engine, thumbs: Run) -> None:
    """There is nowhere to show it."""
    picked(engine, "a1")
    builders.record(engine, builders.event(EventKind.DELETED, minute=5))

    assert "the asset is deleted" in thumbs("choose", "a1", "--time", "1").stderr


def test_releasing_twice_is_said(engine: Engine, thumbs: Run) -> None:
    """The second time there is nothing to release; what was wanted holds, so the code is 0."""
    picked(engine, "a1")
    thumbs("choose", "a1", "--time", "12.4")

    first, second = thumbs("release", "a1", "--why", "a mistake"), thumbs("release", "a1")

    assert (first.exit_code, first.stdout) == (
        0,
        "mux/main/a1: released; the best pick is the thumbnail again\n",
    )
    assert (second.exit_code, second.stdout) == (0, "mux/main/a1: nothing was chosen\n")
    choice = builders.only(engine, Choice)
    assert "@" in choice.released_by
    assert choice.released_because == "a mistake"


@pytest.mark.parametrize("words", [(), ("--time", "1", "--candidate", "2")])
def test_one_way_to_choose_is_named(engine: Engine, thumbs: Run, words: tuple[str, ...]) -> None:
    """Neither none nor two."""
    picked(engine, "a1")

    result = thumbs("choose", "a1", *words)

    assert result.exit_code == 2
    assert "choose by one of --time, --candidate and --image" in result.stderr


def test_options_are_kept_and_the_asset_is_looked_at_again(engine: Engine, thumbs: Run) -> None:
    """The history says what is wanted now, and who wanted it."""
    picked(engine, "a1")

    result = thumbs(
        "options", "a1", "--avoid", "0-15", "--avoid", "-30-0", "--prefer", "0%-50%", "--why", "ads"
    )

    assert (result.exit_code, result.stdout) == (0, "mux/main/a1: queued\n")
    assert builders.claimed(engine).options == {"avoid": ["0-15", "-30-0"], "prefer": ["0%-50%"]}
    notes = {line.note: line.actor for line in builders.every(engine, JobLog)}
    assert "@" in notes['requeued: options {"avoid": ["0-15", "-30-0"], "prefer": ["0%-50%"]}; ads']
    assert "avoid: 0-15, -30-0" in thumbs("show", "a1").stdout


def test_options_are_taken_back(engine: Engine, thumbs: Run) -> None:
    """What the account wants counts again."""
    picked(engine, "a1")
    thumbs("options", "a1", "--avoid", "0-15")

    assert thumbs("options", "a1", "--clear").exit_code == 0

    assert builders.asset(engine).options is None


def test_a_range_that_cannot_be_read_changes_nothing(engine: Engine, thumbs: Run) -> None:
    """It is shown how to write one."""
    picked(engine, "a1")

    result = thumbs("options", "a1", "--avoid", "intro")

    assert result.exit_code == 1
    assert "'intro' is no range: write START-END as 0-15" in result.stderr
    assert builders.job_states(engine) == ["completed"]


@pytest.mark.parametrize("words", [(), ("--clear", "--avoid", "0-15"), ("--avoids", "0-15")])
def test_unknown_options_and_none_are_refused(engine: Engine, thumbs: Run, words: tuple[str, ...]) -> None:
    """By name."""
    picked(engine, "a1")

    assert thumbs("options", "a1", *words).exit_code == 2
