"""Programs are told from browsers as CrawlerDetect tells them, in a time that no user agent makes long."""

from __future__ import annotations

import re
import time
from itertools import count
from typing import TYPE_CHECKING

import pytest
from crawlerdetect import CrawlerDetect
from crawlerdetect.providers.crawlers import data as crawlers

from tests.support.trials.counted_trials import AGENT
from webhook.beacon.bots import is_bot

if TYPE_CHECKING:
    from collections.abc import Callable

AGENTS = [
    AGENT,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "MyApp/1.2 CFNetwork/1410.0.3 Darwin/22.6.0",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "my-own-uptime_checker/1.0",
    "python-requests/2.32",
    "facebookexternalhit/1.1",
    "FACEBOOKEXTERNALHIT",
    "Mozilla/5.0 (compatible; Y!J-ASR/1.0)",
    "Java/17.0.2",
    "my Java/17.0.2",
    "Zend\\Http\\Client",
]


@pytest.mark.parametrize("agent", AGENTS)
def test_it_says_what_crawlerdetect_says(agent: str) -> None:
    """Although it looks in another way."""
    assert is_bot(agent) is CrawlerDetect().is_crawler(agent)


def test_only_the_beginning_of_a_user_agent_is_looked_at() -> None:
    """One of a megabyte costs no more than one of half a kilobyte."""
    assert not is_bot("x" * 512 + " Googlebot")
    assert is_bot("Googlebot" + " x" * 500_000)


def test_an_invented_user_agent_holds_up_nobody() -> None:
    """What browsers tell is answered one after another, and floods come with a new name each time.

    One expression of all names takes several times as long.
    """
    names = (name.removeprefix(r"[a-z0-9\-_]*") for name in crawlers)
    all_names = re.compile("|".join(names), re.IGNORECASE)
    numbers = count()

    def least_s(looks: Callable[[str], object]) -> float:
        agents = [f"{next(numbers)} {'oGoGo' * 100}" for _ in range(10)]
        return min(_spent_s(looks, agent) for agent in agents)

    assert least_s(is_bot) < least_s(all_names.search) / 3


def _spent_s(looks: Callable[[str], object], agent: str) -> float:
    began_s = time.process_time()
    looks(agent)
    return time.process_time() - began_s
