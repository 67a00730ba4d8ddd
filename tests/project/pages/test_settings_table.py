"""The table of docs/settings.md is what the program reads."""

from __future__ import annotations

from pathlib import Path

from tests.project.settings_table import ACCOUNTS, EVERY_PLATFORM, settings_table, variable
from worker.platforms import PLATFORMS
from worker.settings import Settings
from worker.settings.accounts import AccountSettings

PAGE = Path(__file__).parents[3] / "docs/settings.md"


def test_the_page_lists_every_setting_as_it_is() -> None:
    """Name, default and meaning; after a change run `python -m tests.project.settings_table`."""
    text = PAGE.read_text()
    shown = text.partition("<!-- settings -->\n")[2].partition("\n<!-- /settings -->")[0]

    assert shown == settings_table()


def test_no_setting_is_left_out() -> None:
    """Each field of the class has a row, and each of an account's; what all accounts share has one."""
    table = settings_table()
    accounts = {
        variable(EVERY_PLATFORM if name in AccountSettings.model_fields else platform, name)
        for platform, account in ACCOUNTS.items()
        for name in account.model_fields
    }

    for name in accounts | {name.upper() for name in Settings.model_fields.keys() - ACCOUNTS.keys()}:
        assert f"| `{name}` |" in table


def test_every_platform_has_accounts() -> None:
    """What can be configured is what there is."""
    assert ACCOUNTS.keys() == PLATFORMS.keys()
