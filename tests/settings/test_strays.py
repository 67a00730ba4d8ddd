"""A typing error in the name of a setting is told, and other programs' names are left alone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from worker.settings import Settings, find_strays, warn_of_strays
from worker.settings.accounts import ACCOUNTS
from worker.settings.strays import meant_by

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment in which nothing is set."""
    for stray in find_strays():
        monkeypatch.delenv(stray.name)
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MUX_MAIN_TOKEN_ID", "MUX__MAIN__TOKEN_ID"),
        ("MUX_MAIN__TOKEN_ID", "MUX__MAIN__TOKEN_ID"),
        ("MUX_TEAM_2_WEBHOOK_SECRET_PREVIOUS", "MUX__TEAM_2__WEBHOOK_SECRET_PREVIOUS"),
        ("mux_main_token_id", "MUX__MAIN__TOKEN_ID"),
        ("API_VIDEO_MAIN_API_KEY", "API_VIDEO__MAIN__API_KEY"),
        ("MUX_TOKEN_ID", "MUX__MAIN__TOKEN_ID"),
        ("MUXX__MAIN__TOKEN_ID", "MUX__MAIN__TOKEN_ID"),
        ("MUXX__MAIN__TOKENID", "MUX__MAIN__TOKEN_ID"),
        ("CLOUDFARE__MAIN__API_TOKEN", "CLOUDFLARE__MAIN__API_TOKEN"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("PUBLICURL", "PUBLIC_URL"),
        ("SECRET_DIR", "SECRETS_DIR"),
        ("EVENT_SECRET", "EVENTS_SECRET"),
    ],
)
def test_a_typing_error_names_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, written: str, meant: str
) -> None:
    """When a program starts, and to whoever asks."""
    monkeypatch.setenv(written, "x")

    with caplog.at_level(logging.WARNING):
        warn_of_strays()

    (stray,) = find_strays()
    assert (stray.name, stray.meant) == (written, meant)
    assert caplog.messages == [f"{written} is set, and nothing reads it; did you mean {meant}?"]


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "HOSTNAME", "LANG", "LS_COLORS", "XDG_DATA_DIRS", "POST", "PORTS", "TERM"),
        *("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "PYTHONPATH", "HTTP_PROXY"),
        *("AWS_SECRET_ACCESS_KEY", "POSTGRES_PASSWORD", "GITHUB_TOKEN", "MUXER", "MUX_COLOR", "A__B__C"),
        *("MUX__MAIN__TOKENID", "MUX__MAIN", "MUX"),  # refused by the settings themselves
        *(name.upper() for name in Settings.model_fields),
        *(f"{name}__main__{field}".upper() for name, kind in ACCOUNTS.items() for field in kind.model_fields),
    ],
)
def test_settings_and_the_names_of_others_are_none(name: str) -> None:
    """Nobody is warned of what is right, or of what is not ours."""
    assert meant_by(name) == ""


@pytest.mark.parametrize(
    ("stray", "right"),
    [("MUX_TOKEN_ID", "MUX__TEAM__TOKEN_ID"), ("DATABASE_URI", "DATABASE_URL")],
)
def test_what_is_set_under_its_right_name_needs_no_other(
    monkeypatch: pytest.MonkeyPatch, stray: str, right: str
) -> None:
    """The vendor's own tools read MUX_TOKEN_ID, and may run beside us."""
    monkeypatch.setenv(stray, "x")
    monkeypatch.setenv(right, "x")

    assert find_strays() == []


def test_a_file_is_named_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies there for another service is left alone."""
    for name in ("mux_main_token_id", "mux__main__token_secret", "postgres_password"):
        (tmp_path / name).write_text("x")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))

    (stray,) = find_strays()

    assert stray.says == f"{tmp_path / 'mux_main_token_id'} is set, and nothing reads it"
    assert stray.remedy == "did you mean mux__main__token_id?"


def test_a_folder_that_cannot_be_read_is_no_stray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the settings tells of it, once."""
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "nowhere"))

    assert find_strays() == []
