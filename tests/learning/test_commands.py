"""The whole way by command: train, evaluate, ship, explain, roll back; and what is said on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from tests.support.learning import tested_videos as videos
from tests.support.service import builders
from worker.cli.learning.heads import learning_group
from worker.database import transaction
from worker.database.learning import Head
from worker.database.states import HeadState
from worker.database.trials import Trial
from worker.doctor.learning import check_learning
from worker.errors import HeadRefused
from worker.learning import heads, stored_heads, watch
from worker.pipeline.earlier_run import encode_embedding

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture
def command(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return what runs a command against the database, and returns what it printed."""
    monkeypatch.setattr("worker.cli.learning.heads.open_database", lambda: _Opened(engine))

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(learning_group, words, catch_exceptions=True)
        assert result.exit_code == code, result.output
        return result.output

    return run


class _Opened:
    """A database that a test keeps open."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Engine:
        return self._engine

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def liked(engine: Engine) -> list[int]:
    """Return videos whose viewers like frames that lie along `TASTE`."""
    assets = videos.assets(engine, 220)
    videos.store_frames(engine, assets[:60])
    videos.show_viewers(engine, assets)
    return assets


def document(printed: str) -> Any:
    """Read what a command printed for a program."""
    return json.loads(printed)


def test_a_taste_is_learned_judged_shipped_shown_and_taken_back(
    engine: Engine, liked: list[int], command: Callable[..., str], tmp_path: Path
) -> None:
    """Each step says what comes next."""
    assert len(liked) == 220
    trained = document(command("train", "--json"))
    assert (trained["id"], trained["state"], trained["trained_on"]["tests"]) == (1, "candidate", 220)

    printed = command("evaluate", "1")
    assert "proved by viewers in tests; use it: python -m worker.learning ship 1" in printed
    assert "no defects" in printed

    assert "head 1 is in use for all accounts" in command("ship", "1")
    assert "shipped" in command("list")

    page = tmp_path / "page.html"
    assert str(page) in command("explain", "1", "--out", str(page))
    assert page.read_text().count("data:image/jpeg") == 24
    nearest = document(command("explain", "1", "--json"))
    assert nearest["liked"][0]["points"] > 0 > nearest["disliked"][0]["points"]
    with transaction(engine) as session:
        report = heads.find(session, 1).report
        assert report is not None
    assert report["nearest"]["liked"] == [frame["candidate_id"] for frame in nearest["liked"]]

    assert "the order by hand is in use again" in command("rollback", "--why", "it likes only cats")


def test_the_same_rows_give_the_same_head(
    engine: Engine, liked: list[int], command: Callable[..., str]
) -> None:
    """Byte for byte, with the same hash of what it was trained on."""
    assert liked
    command("train")
    command("train")

    first, second = builders.every(engine, Head)
    assert first.arrays == second.arrays
    assert first.trained_on == second.trained_on


def test_each_evaluation_of_the_same_data_is_counted(
    engine: Engine, liked: list[int], command: Callable[..., str]
) -> None:
    """Also those of other heads: who tries often enough would be right by chance one day."""
    assert liked
    command("train")
    command("train")
    for number in ("1", "2", "1"):
        command("evaluate", number)

    first, second = builders.every(engine, Head)
    assert (first.report["evaluation"], second.report["evaluation"]) == (3, 2)


def test_a_head_that_is_damaged_is_refused_in_a_sentence(
    engine: Engine, liked: list[int], command: Callable[..., str]
) -> None:
    """And one that is in use counts as none, as for pickers."""
    assert liked
    command("train")
    command("train")
    with transaction(engine) as session:
        session.execute(update(Head).where(Head.id == 1).values(arrays=b"npz"))

    with pytest.raises(HeadRefused, match=r"head 1 cannot be read: .*; train another one"):
        stored_heads.evaluate(engine, 1)
    with transaction(engine) as session:
        session.execute(update(Head).where(Head.id == 1).values(state=HeadState.SHIPPED))
    assert stored_heads.evaluate(engine, 2).report["evaluation"] == 1


def test_a_head_that_passed_is_no_longer_ready_once_there_is_too_little_to_judge_it_by(
    engine: Engine, liked: list[int], command: Callable[..., str]
) -> None:
    """And what was spent on it stays spent."""
    assert liked
    command("train")
    command("evaluate", "1")
    with transaction(engine) as session:
        session.execute(update(Trial).where(Trial.id > 90).values(outcome="broken"))

    assert "not enough: 90 of about " in command("evaluate", "1")
    assert builders.only(engine, Head).state == "candidate"
    with transaction(engine) as session:
        session.execute(update(Trial).values(outcome="undecided"))
    command("evaluate", "1")
    assert builders.only(engine, Head).report["evaluation"] == 2


def test_with_few_tests_it_is_said_how_many_are_needed(engine: Engine, command: Callable[..., str]) -> None:
    """And the head stays a candidate, which nobody can ship."""
    assets = videos.assets(engine, 12)
    videos.store_frames(engine, assets)
    videos.show_viewers(engine, assets)
    command("train")

    assert "not enough: 12 of about " in command("evaluate", "1")
    assert builders.only(engine, Head).state == "candidate"
    assert "to learn from: 12 of about " in command("list")


@pytest.mark.usefixtures("command")
def test_an_account_with_few_videos_is_refused_a_head_of_its_own(engine: Engine) -> None:
    """It has the one of all until then."""
    assets = videos.assets(engine, 3)
    videos.store_frames(engine, assets)
    videos.show_viewers(engine, assets)

    said = _error("train", "--account", "mux/main")

    assert "mux/main has 3 of about 400 videos" in said


@pytest.mark.usefixtures("command")
def test_without_any_frame_the_command_says_what_is_missing() -> None:
    """No row is made."""
    assert "let the service look at videos first" in _error("train")


@pytest.mark.usefixtures("command")
def test_without_any_test_or_choice_no_head_is_made(engine: Engine) -> None:
    """A head that has learned nothing would only be mistaken for one."""
    videos.store_frames(engine, videos.assets(engine, 3))

    said = _error("train")

    assert "nothing was tested or chosen for yet: there are 0 of about 1,200 videos tested" in said
    assert not builders.every(engine, Head)


def test_a_head_that_likes_defects_is_refused(
    engine: Engine, liked: list[int], command: Callable[..., str]
) -> None:
    """On the operator's own filmstrips, whatever its viewers do."""
    dark = videos.assets(engine, 30, "dark")
    videos.store_frames(engine, dark)
    _blacken_what_is_liked(engine, dark)
    assert liked
    command("train")

    said = command("evaluate", "1")
    assert "not met: no defects" in said, said
    assert builders.only(engine, Head).state == "refused"


def test_doctor_tells_what_is_in_use_what_went_and_how_much_there_is(
    engine: Engine, liked: list[int], command: Callable[..., str]
) -> None:
    """One line each."""
    settings = builders.make_settings(database_url=engine.url.render_as_string(hide_password=False))
    assert liked
    (before,) = check_learning(settings)
    assert "220 of about" in before.says
    command("train")
    command("evaluate", "1")
    command("ship", "1")
    (used,) = check_learning(settings)
    assert used.says.startswith("head 1 is in use for all accounts since ")

    with transaction(engine) as session:
        heads.roll_back(session, watch.RULES, "viewers played less with it", head_id=1)

    rolled_back, _ = check_learning(settings)
    assert rolled_back.state == "warning"
    assert "head 1 was rolled back by the rules: viewers played less with it" in rolled_back.says


def test_doctor_says_nothing_where_nobody_tests_or_chooses(engine: Engine) -> None:
    """It is no fault."""
    settings = builders.make_settings(database_url=engine.url.render_as_string(hide_password=False))

    assert list(check_learning(settings)) == []


def _blacken_what_is_liked(engine: Engine, asset_ids: list[int]) -> None:
    """Make the frame that viewers would like best a black one, nearly as good as the best by hand."""
    with transaction(engine) as session:
        for asset_id in asset_ids:
            frames = session.scalars(videos.frames_of(asset_id)).all()
            best = max(frames, key=lambda frame: frame.score or 0.0)
            other = next(frame for frame in frames if frame is not best)
            other.score, other.cues = (best.score or 0.0) - 0.1, videos.BLACK
            other.embedding = encode_embedding(5 * videos.TASTE)


def _error(*words: str) -> str:
    result = CliRunner().invoke(learning_group, words)
    assert isinstance(result.exception, Exception)
    return str(result.exception)
