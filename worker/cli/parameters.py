"""The options that several commands of operators have in common."""

from __future__ import annotations

import re
from datetime import timedelta

import click

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,6})([smhd])")


class Duration(click.ParamType[timedelta]):
    """A time span such as 90s, 30m, 24h or 7d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it; click shows the failure."""
        match = _DURATION.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is not a time span: write 90s, 30m, 24h or 7d", param, ctx)
        return timedelta(seconds=int(match[1]) * _UNITS_S[match[2]])


platform_option = click.option("--platform", metavar="NAME", help="Only of this platform, e.g. mux.")
since_option = click.option(
    "--since", type=Duration(), metavar="24h", help="Only what happened within this time."
)
limit_option = click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="List at most this many, newest first.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
)
why_option = click.option("--why", default="", metavar="TEXT", help="The reason, for the history.")
