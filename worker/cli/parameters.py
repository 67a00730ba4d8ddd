"""The options and the question that several commands of operators have in common."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta

import click

from worker.time_ranges import parse_moment_s

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


class Timestamp(click.ParamType[datetime]):
    """A time such as 2026-11-28T03:00Z (UTC where no zone is given), or how long ago it was: 26h, 7d."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it; click shows the failure."""
        text = str(value)
        if _DURATION.fullmatch(text):
            return datetime.now(UTC) - Duration().convert(text, param, ctx)
        try:
            # Python reads bare digits as a day, which a span whose unit was forgotten is not.
            read = datetime.fromisoformat("" if text.isdecimal() else text)
        except ValueError:
            self.fail(f"{text!r} is not a time: write 2026-11-28T03:00Z, or 26h for so long ago", param, ctx)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


class VideoTime(click.ParamType[float]):
    """A moment of a video, in seconds or as it is printed: 12.4, 00:12.400, 1:02:03.5."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it; click shows the failure."""
        try:
            return parse_moment_s(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


platform_option = click.option("--platform", metavar="NAME", help="Only of this platform, e.g. mux.")
account_option = click.option(
    "--account", metavar="NAME", help="Only of this account: main with --platform mux, or mux/main."
)
asset_option = click.option("--asset", metavar="ASSET|JOB", help="Only about this asset.")
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
yes_option = click.option("--yes", "is_sure", is_flag=True, help="Do not ask whether you are sure.")


def split_account(platform: str | None, account: str | None) -> tuple[str | None, str | None]:
    """Read `--platform` and `--account`, of which the second may name both: mux/main.

    Returns:
        Platform and account, each None where it was not given.

    Raises:
        UsageError: the account's platform is not named, or two are.
    """
    named, is_full, name = (account or "").rpartition("/")
    if account and not (named or platform):
        raise click.UsageError(f"write the account with its platform: --account mux/{account}")
    if is_full and platform not in {None, named}:
        raise click.UsageError(f"{account} is an account of {named}, not of {platform}: leave out --platform")
    return named or platform, name or None


def confirm(question: str, *, is_sure: bool) -> None:
    """Go on only where the operator is sure; the question and its answer stay off stdout.

    Raises:
        UsageError: nobody can be asked, and `--yes` was not given.
        Abort: the answer is no.
    """
    if is_sure:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: add --yes if you are sure")
    click.confirm(question, abort=True, err=True)
