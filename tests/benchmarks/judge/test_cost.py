"""The benchmark of the judge's cost counts what is asked, and multiplies as a bill does."""

from __future__ import annotations

import pytest

from tests.benchmarks.judge.__main__ import main
from tests.benchmarks.judge.cost import CostCase, Prices, dollars, table, usage_of
from tests.support.judge_server.example import picture
from tests.support.judge_server.fake_judge import Usage


@pytest.mark.parametrize(("readings", "requests"), [(0, 1), (2, 3), (6, 7)])
def test_each_reading_is_a_request_with_all_pictures(readings: int, requests: int) -> None:
    """512x288 px are 16 by 9 tokens; the words around four pictures take less than four pictures do twice."""
    shown = [picture(seed, (512, 288)) for seed in range(4)]
    usage = usage_of(CostCase(4, readings), shown)
    assert usage.requests == requests
    assert 1 < usage.prompt_tokens / (requests * 4 * 16 * 9) < 3
    assert usage.sent_bytes > requests * sum(map(len, shown)) * 4 / 3  # base64


def test_a_thousand_videos_cost_their_tokens_at_the_given_prices() -> None:
    """10,000 tokens in and 1,000 out: 10 and 1 million."""
    usage = Usage(requests=7, prompt_tokens=10_000, answer_tokens=1_000, sent_bytes=5_000_000)
    assert dollars(usage, 0.30, 0.40) == pytest.approx(3.40)
    *_heads, row = table({CostCase(12, 6): usage}, Prices((0.10, 0.30), 0.40)).splitlines()
    assert row == "| 12 | 6 | 7 | 10,000 | 1,000 | 5.0 | 1.40 | 3.40 |"


def test_a_part_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With what can be measured."""
    assert main(["price"]) == 2
    assert "tests.benchmarks.judge cost" in capsys.readouterr().out
