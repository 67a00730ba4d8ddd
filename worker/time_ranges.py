"""Read the parts of a video that are to be avoided or preferred, as people write them.

`0-15` is the first 15 seconds, `0%-50%` the first half. A negative number counts from the end, and 0 after it
is the end: `-30-0` is the last 30 seconds. Moments may also be written as they are printed: `00:04.5-01:10`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.settings.accounts import AccountSettings

AVOID, PREFER = "avoid", "prefer"
OPTION_NAMES = (AVOID, PREFER)  #: what can be asked of an asset
MAX_TIME_RANGES = 100  # more than an editor sets by hand
EXAMPLE = "write START-END as 0-15, 00:04.5-01:10, -30-0 (the last 30 s) or 0%-50%"

_SECONDS = r"\d{1,6}(?:\.\d{1,6})?"
# Minutes go on counting after an hour, as where we print them; hours may stand before them.
_CLOCK = r"(?:\d{1,3}:)?\d{1,4}:\d{2}(?:\.\d{1,6})?"
_NUMBER = rf"(-?(?:{_CLOCK}|{_SECONDS}))(%?)"
_MOMENT = re.compile(f"{_CLOCK}|{_SECONDS}", re.ASCII)
_TIME_RANGE = re.compile(f"{_NUMBER}-{_NUMBER}", re.ASCII)
_PERCENT = 100
_SEXAGESIMAL = 60


class Mark(NamedTuple):
    """One end of a time range."""

    value: float  #: seconds, or per cent of the duration; negative from the end
    is_percent: bool
    is_from_end: bool  #: it counts back from the end of the video

    def at_s(self, duration_s: float) -> float:
        """Find the moment in a video of this length."""
        length_s = self.value * duration_s / _PERCENT if self.is_percent else self.value
        return duration_s + length_s if self.is_from_end else length_s


class TimeRange(NamedTuple):
    """A part of a video whose length need not be known yet."""

    start: Mark
    end: Mark

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a person wrote.

        Raises:
            ValueError: it is no time range; the message shows how to write one.
        """
        match = _TIME_RANGE.fullmatch(text.strip())
        if match is None or any(":" in match[place] and match[place + 1] for place in (1, 3)):
            raise ValueError(f"{text!r} is no range: {EXAMPLE}")
        first, second = _seconds(match[1]), _seconds(match[3])
        start = Mark(first, bool(match[2]), match[1].startswith("-"))
        end = Mark(second, bool(match[4]), match[3].startswith("-") or (start.is_from_end and second == 0))
        # Whether 10%-30 or 20--5 ends before it begins is known with the video only: it may be empty there.
        is_comparable = (start.is_from_end, start.is_percent) == (end.is_from_end, end.is_percent)
        if is_comparable and first >= second:
            raise ValueError(f"{text!r} ends before it begins: {EXAMPLE}")
        return cls(start, end)

    def holds(self, time_s: float, duration_s: float, margin_s: float = 0.0) -> bool:
        """Tell whether a moment lies within, or at most `margin_s` beside it; the end is exclusive."""
        return self.start.at_s(duration_s) - margin_s <= time_s < self.end.at_s(duration_s) + margin_s


def parse_moment_s(text: str) -> float:
    """Read a moment of a video in seconds: 12.4, or as it is printed, 00:12.400 or 1:02:03.5.

    Raises:
        ValueError: it is none; the message shows how to write one.
    """
    if not _MOMENT.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no moment: write seconds, as 12.4, or a time, as 00:12.4")
    return _seconds(text.strip())


def _seconds(text: str) -> float:
    """Add up a number of seconds, or hours, minutes and seconds; a sign before them holds for all of it."""
    total_s = 0.0
    for part in text.removeprefix("-").split(":"):
        total_s = total_s * _SEXAGESIMAL + float(part)
    return -total_s if text.startswith("-") else total_s


def parse_time_ranges(texts: Sequence[str]) -> tuple[TimeRange, ...]:
    """Read several time ranges. Raises ValueError as `TimeRange.parse`, or where there are too many."""
    if len(texts) > MAX_TIME_RANGES:
        raise ValueError(f"more than {MAX_TIME_RANGES} ranges")
    return tuple(TimeRange.parse(text) for text in texts)


def ranges_that_apply(
    own: Mapping[str, Sequence[str]] | None, account: AccountSettings | None
) -> dict[str, list[str]]:
    """Read what is wanted of an asset: for each option its own ranges, or else those of its account.

    Args:
        own: options of the asset.
        account: settings of its account; None where there are none here.
    """
    wanted = {name: (own or {}).get(name) or getattr(account, name, ()) for name in OPTION_NAMES}
    return {name: list(ranges) for name, ranges in wanted.items() if ranges}


def read_options(given: Any) -> dict[str, list[str]]:
    """Check an asset's options, as {"avoid": ["0-15"], "prefer": ["0%-50%"]}.

    Raises:
        ValueError: a name is unknown, or a value is no list of ranges; the message names it.
    """
    if not isinstance(given, dict):
        raise ValueError(f"options are an object with {' and '.join(OPTION_NAMES)}")  # noqa: TRY004 - as all the others
    for name, texts in given.items():
        if name not in OPTION_NAMES:
            raise ValueError(f"there is no option {name!r}; there are: {', '.join(OPTION_NAMES)}")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"{name!r} must be a list of ranges: {EXAMPLE}")
        parse_time_ranges(texts)
    return dict(given)
