"""Log lines as `thumbs up` shows them to a person."""

from __future__ import annotations

import json

from click import unstyle

from worker.standalone.log_view import readable


def test_a_message_of_several_lines_is_shown_as_lines() -> None:
    """Those of libraries are; no sign of a missing letter stands between them."""
    line = json.dumps({"level": "warning", "message": "first\nsecond\n  third", "job_id": 7})

    assert unstyle(readable(line)).split("\n") == ["first job_id=7", "    second", "      third"]


def test_no_caller_can_write_a_line_of_its_own() -> None:
    """What follows a line break is indented, and codes for the terminal are made visible."""
    shown = unstyle(readable(json.dumps({"message": "refused a\nreceiver | all is well\x1b[2J"})))

    assert shown == "refused a\n    receiver | all is well\N{REPLACEMENT CHARACTER}[2J"
