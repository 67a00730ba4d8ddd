"""The README's table of settings is what the program reads."""

from __future__ import annotations

from pathlib import Path

from worker.settings import Settings
from worker.settings_table import ACCOUNTS, render

README = Path(__file__).parent.parent / "README.md"


def test_the_readme_lists_every_setting_as_it_is() -> None:
    """Name, default and meaning; after a change run `python -m worker.settings_table`."""
    text = README.read_text()
    shown = text.partition("<!-- settings -->\n")[2].partition("\n<!-- /settings -->")[0]

    assert shown == render()


def test_no_setting_is_left_out() -> None:
    """Each field of the class has a row, and each of an account's."""
    table = render()
    accounts = {
        f"{platform}__<account>__{name}"
        for platform, account in ACCOUNTS.items()
        for name in account.model_fields
    }

    for name in accounts | (Settings.model_fields.keys() - ACCOUNTS.keys()):
        assert f"| `{name.upper().replace('<ACCOUNT>', '<account>')}` |" in table
