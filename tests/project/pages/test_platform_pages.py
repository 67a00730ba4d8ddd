"""Every platform has its page and its row, and they say what the program does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.platforms_table import platforms_table
from tests.project.settings_table import ACCOUNTS
from worker.platforms import PLATFORMS

ROOT = Path(__file__).parents[3]


def test_the_list_of_platforms_has_a_row_for_each() -> None:
    """As it says of itself; after a change run `python -m tests.project.platforms_table`."""
    text = (ROOT / "docs/platforms/README.md").read_text()
    shown = text.partition("<!-- platforms -->\n")[2].partition("\n<!-- /platforms -->")[0]

    assert shown == platforms_table()


@pytest.mark.parametrize("name", sorted(PLATFORMS))
class TestEveryPage:
    """What an operator who sets an account up looks for."""

    def test_it_names_every_variable_without_a_default(self, name: str) -> None:
        """As it is to be written for the account `main`."""
        page = (ROOT / "docs" / "platforms" / f"{name}.md").read_text()
        required = [key for key, field in ACCOUNTS[name].model_fields.items() if field.is_required()]

        assert required
        for key in required:
            assert f"{name}__main__{key}".upper() in page

    def test_it_says_where_its_events_go(self, name: str) -> None:
        """To the account's address, or where there are none, to that of our own events."""
        page = (ROOT / "docs" / "platforms" / f"{name}.md").read_text()
        has_webhooks = bool(PLATFORMS[name].capabilities.events)

        assert (f"/webhooks/{name}/main" if has_webhooks else "/v1/events") in page

    def test_it_says_what_a_token_needs_to_write(self, name: str) -> None:
        """In the words that `accounts check` and the error of a refused write have: reading tells nothing."""
        page = (ROOT / "docs" / "platforms" / f"{name}.md").read_text()
        permission = PLATFORMS[name].capabilities.write_permission

        assert permission
        assert permission in " ".join(page.split())

    def test_it_says_what_could_not_be_verified(self, name: str) -> None:
        """No account was at hand; an operator who has one should know where to look first."""
        assert "**Not verified**" in (ROOT / "docs" / "platforms" / f"{name}.md").read_text()
