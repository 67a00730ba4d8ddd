"""A judge that somebody names for files is read from the environment, of which no error repeats a secret."""

from __future__ import annotations

import traceback

import pytest

from worker.errors import SettingsInvalid
from worker.judge.files.named import JudgeOfFiles


@pytest.mark.parametrize(
    ("name", "value"),
    [("JUDGE_API_KEY", "sk-\x01hush"), ("JUDGE_URL", "http://me:hush@judge.example/v1")],
)
def test_a_traceback_of_what_is_wrong_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Programs that use the library print it whole, with what caused it."""
    monkeypatch.setenv("JUDGE_API_KEY", "sk-fine")
    monkeypatch.setenv(name, value)
    url = value if name == "JUDGE_URL" else "http://judge.example/v1"
    with pytest.raises(SettingsInvalid) as told:
        JudgeOfFiles.named(url, "eye")

    assert "hush" not in "".join(traceback.format_exception(told.value))


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass unset variables on so; the service takes them so, too."""
    monkeypatch.setenv("JUDGE_API_KEY", "")
    monkeypatch.setenv("JUDGE_TIMEOUT_S", "")

    assert JudgeOfFiles.named("http://judge.example/v1", "eye").settings.judge_timeout_s == 20.0
