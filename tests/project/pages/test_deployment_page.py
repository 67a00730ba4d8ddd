"""docs/deployment.md and the README: their commands work in a fresh clone, as they stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.compose.page import blocks, paste
from tests.support.compose.processes import PROGRAMS, SERVICES, secrets_of, variables
from worker.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("page", ["README.md", "docs/deployment.md"])
def test_docker_is_asked_when_all_that_it_needs_is_there(page: str, tmp_path: Path) -> None:
    """The two commands of the README suffice, and the page has them in the same order."""
    asked = paste(blocks(page)[:1], tmp_path)

    assert asked[0] == "compose up --detach --build"
    for service in SERVICES.values():
        folder = tmp_path / (secrets_of(service) or "")
        assert any(file.stat().st_size for file in folder.iterdir())


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_starts_with_the_secrets_that_the_page_makes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With those of an account of Mux, and of systems of one's own; the line of settings.env included."""
    paste(blocks("docs/deployment.md", until="## Options"), tmp_path)
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    lines = (tmp_path / "settings.env").read_text().splitlines()
    given = variables(PROGRAMS[name], {"/run/secrets": str(tmp_path / "secrets" / name)})
    for variable, value in ({"PICKS_URL": "https://cms.example.com/hooks"} | given).items():
        monkeypatch.setenv(variable, value)
    for line in lines:
        monkeypatch.setenv(*line.split("=", 1))

    settings = Settings.read()

    assert settings.database_address
    assert settings.redis_url is None or name not in {"migrate", "webhook", "review"}
    assert set(settings.mux) == {"main"}
    assert bool(settings.events_secret) == (name == "webhook")
    assert bool(settings.picks_secret) == (name == "publish")


def test_a_secret_is_changed_as_the_page_says(tmp_path: Path) -> None:
    """The old one is kept beside the new one, and the receiver alone is started again."""
    page = "docs/deployment.md"
    start = blocks(page, until="## Options")
    change = blocks(page)[len(blocks(page, until="## Change a secret")) :][:1]

    asked = paste([*start, *change], tmp_path)

    assert (tmp_path / "secrets" / "webhook" / "mux__main__webhook_secret_previous").read_text() == "..."
    assert asked[-1] == "compose restart webhook"
