"""The newest check of the same judge counts, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from worker.database import transaction
from worker.judge import checks, kept_checks
from worker.pipeline.judging.verdict import Say
from worker.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

JUDGE: dict[str, Any] = {"judge_url": "http://gpu-box:8000/v1", "judge_model": "eye-8b"}


def test_an_unmeasured_judge_decides_near_ties(engine: Engine) -> None:
    """And leaves out what is at fault."""
    with transaction(engine) as session:
        assert checks.newest(session, Settings(**JUDGE), "lite #1") is None
        assert checks.say_for(session, Settings(**JUDGE), "lite #1") is Say.TIES


def test_the_newest_check_counts(engine: Engine) -> None:
    """Whatever an older one found."""
    with transaction(engine) as session:
        for say in (Say.LEAD, Say.VETO):
            checks.store(session, Settings(**JUDGE), "lite #1", say, {"says": say.value}, "me@here")
    with transaction(engine) as session:
        assert checks.say_for(session, Settings(**JUDGE), "lite #1") is Say.VETO
        assert [one.say for one in checks.list_checks(session, 10)] == ["veto", "lead"]


def test_a_word_of_a_newer_version_counts_as_unmeasured(engine: Engine) -> None:
    """A fleet is updated one worker after the other, and no job fails of it."""
    with transaction(engine) as session:
        check = checks.store(session, Settings(**JUDGE), "lite #1", Say.LEAD, {}, "me@here")
        check.say = "advise"
    with transaction(engine) as session:
        assert checks.say_for(session, Settings(**JUDGE), "lite #1") is Say.TIES


@pytest.mark.parametrize(
    "other",
    [
        {"judge_url": "http://gpu-box:8001/v1"},
        {"judge_model": "eye-2b"},
        {"judge_pictures": 8},
        {"judge_readings": 2},
    ],
)
def test_what_is_asked_in_another_way_was_not_measured(engine: Engine, other: dict[str, Any]) -> None:
    """Of another server, model or protocol nothing is known."""
    with transaction(engine) as session:
        checks.store(session, Settings(**JUDGE), "lite #1", Say.LEAD, {}, "me@here")
        assert checks.say_for(session, Settings(**JUDGE), "lite #1") is Say.LEAD
        assert checks.say_for(session, Settings(**JUDGE | other), "lite #1") is Say.TIES
        assert checks.say_for(session, Settings(**JUDGE), "lite #2") is Say.TIES


def test_another_prompt_was_not_measured(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of the old one stays, and counts no more."""
    with transaction(engine) as session:
        checks.store(session, Settings(**JUDGE), "lite #1", Say.LEAD, {}, "me@here")
        monkeypatch.setattr(checks, "PROMPT_VERSION", "another")
        assert checks.say_for(session, Settings(**JUDGE), "lite #1") is Say.TIES


def test_a_damaged_file_is_no_check(tmp_path: Path) -> None:
    """Nothing is known then, and the next check writes a new one."""
    file = tmp_path / "judge-checks.json"
    for text in ("{", "[]", '{"checks": [{"say": "everything"}]}', '{"checks": [1]}'):
        file.write_text(text)
        assert kept_checks.kept(file) == []
    kept_checks.keep(Settings(**JUDGE), "lite #1", Say.VETO, {}, "me@here", file)

    assert [one["say"] for one in kept_checks.kept(file)] == ["veto"]
    assert kept_checks.kept_say(**_judge(), file=file) is Say.VETO


def test_only_so_many_checks_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go."""
    monkeypatch.setattr(kept_checks, "KEPT", 2)
    file = tmp_path / "judge-checks.json"
    for who in ("a", "b", "c"):
        kept_checks.keep(Settings(**JUDGE), "lite #1", Say.VETO, {}, who, file)

    assert [one["who"] for one in kept_checks.kept(file)] == ["c", "b"]


def _judge() -> dict[str, str]:
    return {"url": JUDGE["judge_url"], "model": JUDGE["judge_model"], "sight": "lite #1"}
