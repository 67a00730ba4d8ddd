"""Tells programs from browsers by how they call themselves."""

from __future__ import annotations

import re
from functools import lru_cache

from crawlerdetect.providers.crawlers import data as crawlers
from crawlerdetect.providers.exclusions import data as browsers

from webhook.beacon.limits import MAX_AGENT_CHARACTERS

# Before the name of a bot, this may stand for anything: it changes no answer, and makes the time grow with
# the square of the text.
_ANY = r"[a-z0-9\-_]*"

# As CrawlerDetect 0.4 looks: what browsers are called is taken away, and programs are looked for in the rest.
_BROWSERS = re.compile("|".join(browsers), re.IGNORECASE)
_CRAWLERS = re.compile("|".join(name.removeprefix(_ANY) for name in crawlers), re.IGNORECASE)


def is_bot(agent: str) -> bool:
    """Tell whether a user agent is a program's; nobody who says nothing is a browser.

    Source of the names: https://github.com/moskrc/crawlerdetect
    """
    return _is_bot(agent[:MAX_AGENT_CHARACTERS].strip())


@lru_cache(1024)  # most viewers have one of a few hundred
def _is_bot(agent: str) -> bool:
    return not agent or bool(_CRAWLERS.search(_BROWSERS.sub("", agent)))
