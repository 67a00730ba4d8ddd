"""What an operator sets for tests of pictures."""

from __future__ import annotations

import pytest

from worker.errors import SettingsInvalid
from worker.settings import Settings


@pytest.mark.parametrize("variable", ["TEST_TIMEZONE", "S3__MAIN__TEST_TIMEZONE"])
@pytest.mark.parametrize("name", ["Mars/Olympus", "../UTC", "Europe"])
def test_a_time_zone_that_is_none_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    """Also an account's own, which else would fail when the first test by days begins."""
    monkeypatch.setenv(variable, name)

    with pytest.raises(SettingsInvalid, match=rf"{variable}: there is no {name}; write it as Europe/Berlin"):
        Settings.read()
