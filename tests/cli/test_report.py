"""How `thumbs doctor` and `thumbs accounts check` print what they found, on terminals of any width."""

from __future__ import annotations

from functools import cache

import pytest

from tests.support.terminals import shown_on

ADDRESS = "https://thumbs.example.com/webhooks/cloudflare/marketing"  # to be pasted
SENTENCE = f"events are sent nowhere, and no video is seen before the next look at the list: {ADDRESS}"
PRINT = f"""
from contextlib import suppress
from worker.cli.doctor import report
from worker.doctor.finding import Finding, State
webhook = Finding("  webhook", State.FAILED, {SENTENCE!r}, "set MUX__MAIN__WEBHOOK_SECRET, or nothing comes")
with suppress(SystemExit):
    report([Finding("cloudflare/marketing-videos", State.OK, "fine"), webhook], as_json=False)
"""


@cache
def printed(columns: int) -> list[str]:
    """Return what a terminal of so many columns shows."""
    return shown_on(columns, PRINT)


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_no_address_and_no_name_is_broken(columns: int) -> None:
    """It is what people copy; lines end at spaces."""
    lines = printed(columns)

    words = " ".join(lines).split()
    assert {ADDRESS, "MUX__MAIN__WEBHOOK_SECRET,", "cloudflare/marketing-videos"} <= set(words)
    assert max(len(line) for line in lines if ADDRESS not in line) <= columns
    assert SENTENCE in " ".join(words)


def test_sentences_stand_beside_where_there_is_room() -> None:
    """And below where there is not."""
    wide, narrow = printed(120), printed(80)

    assert wide[1].split()[:4] == ["failed", "webhook", "events", "are"]
    assert wide[-2].strip() == "set MUX__MAIN__WEBHOOK_SECRET, or nothing comes"
    assert wide[-2].index("set") == wide[1].index("events")
    assert narrow[1] == "failed     webhook"
    assert narrow[2].startswith("    events are sent nowhere, and no video is seen")
