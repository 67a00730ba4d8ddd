"""An answer that is whole counts, though its model went on up to the limit; one that was cut does not."""

from __future__ import annotations

import pytest

from tests.support.judge_server import scripts
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.judges import PICTURES, connected, judge_by
from worker.errors import Unjudged


def test_line_breaks_after_a_whole_answer_are_no_fault() -> None:
    """Each question is asked once."""
    with FakeJudge(scripts.pads) as fake:
        verdict = judge_by(connected(fake), readings=2).judge(PICTURES, "", in_order=True)
        assert (verdict.requests, len(verdict.answers)) == (3, 3)


def test_an_answer_that_was_cut_off_is_invalid() -> None:
    """The message says what the model has to be."""
    with (
        FakeJudge(scripts.stops_short) as fake,
        pytest.raises(Unjudged, match="was cut off") as unjudged,
    ):
        judge_by(connected(fake)).judge(PICTURES, "", in_order=True)
    assert unjudged.value.result == "invalid"
