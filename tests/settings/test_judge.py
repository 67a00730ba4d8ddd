"""What an operator sets for the judge is checked when programs start, not with the first video."""

from __future__ import annotations

import pytest

from worker.errors import SettingsInvalid
from worker.settings import Settings


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a judge."""
    monkeypatch.setenv("JUDGE_URL", "http://gpu-box:8000/v1")
    monkeypatch.setenv("JUDGE_MODEL", "eye")


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("JUDGE_URL", "http://me:hush@gpu-box/v1", "leave name and password out of the address"),
        ("JUDGE_URL", "http://gpu-box:hush/v1", "write an address like http://gpu-box:8000/v1"),
        ("JUDGE_API_KEY", "h\u00fcsh", "it has characters that no key has"),
    ],
)
def test_what_no_judge_can_be_asked_by_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, complaint: str
) -> None:
    """Without being repeated."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsInvalid, match=f"^{variable}: {complaint}") as told:
        Settings.read()

    assert "hush" not in str(told.value)
    assert "h\u00fcsh" not in str(told.value)


@pytest.mark.parametrize(
    "url", ["http://gpu-box:8000/v1", "http://10.0.0.7:11434", "https://api.judge.example/v1"]
)
def test_a_judge_may_be_anywhere(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Also in a private network."""
    monkeypatch.setenv("JUDGE_URL", url)

    assert Settings.read().judge_url == url


def test_a_judge_may_not_take_the_time_of_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it hangs, the job would be stopped, and tried again."""
    monkeypatch.setenv("JOB_TIMEOUT_S", "600")
    monkeypatch.setenv("JUDGE_TIMEOUT_S", "300")
    assert Settings.read().judge_timeout_s == 300.0

    monkeypatch.setenv("JUDGE_TIMEOUT_S", "301")
    with pytest.raises(SettingsInvalid, match="JUDGE_TIMEOUT_S: at most half of JOB_TIMEOUT_S"):
        Settings.read()
