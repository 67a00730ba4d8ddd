"""What commands about people have in common: addresses, roles and accounts as they are typed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click
from rich.text import Text

from worker.admin.accounts import known_account
from worker.admin.assets import operator_name
from worker.database.states import Role
from worker.errors import PermanentError, UnknownAccount
from worker.people import people, tokens
from worker.people.roles import Grant, operator_of_server
from worker.settings import get_settings
from worker.settings.types import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from worker.people.roles import Actor

Function = TypeVar("Function", bound="Callable[..., Any]")


class CheckedText(click.ParamType[str]):
    """A word that has to be of some form."""

    def __init__(self, name: str, read: Callable[[str], str]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it; click shows the failure."""
        try:
            return self._read(str(value))
        except PermanentError as error:
            self.fail(str(error), param, ctx)


email_argument = click.argument("email", metavar="EMAIL", type=CheckedText("email", people.read_email))
token_argument = click.argument("name", metavar="NAME", type=CheckedText("name", tokens.read_name))
role_option = click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.EDITOR.value,
    show_default=True,
    help="viewer: look; editor: choose, also for many at once; operator: read what all did, too.",
)
accounts_option = click.option(
    "--account",
    "accounts",
    metavar="PLATFORM/ACCOUNT",
    multiple=True,
    help="Only there, e.g. mux/main; may be given several times. Without it: everywhere.",
)


def days_option(default: int | None, most: int, what: str) -> Callable[[Function], Function]:
    """Make the option `--days`.

    Args:
        default: in days; None: no end.
        most: the most days that can be asked for.
        what: the first words of its help.
    """
    return click.option(
        "--days",
        type=click.IntRange(1, most),
        default=default,
        show_default=default is not None,
        metavar="N",
        help=f"{what} for so many days.",
    )


def as_lifetime(days: int) -> timedelta:
    """Turn what `--days` says into a time span."""
    return timedelta(days=days)


def operator() -> Actor:
    """Name who runs this command, for the history."""
    return operator_of_server(operator_name())


def read_grants(session: Session, role: str, accounts: Sequence[str]) -> list[Grant]:
    """Read `--role` and `--account` as grants.

    Raises:
        UsageError: there is no such account.
    """
    if not accounts:
        return [Grant(Role(role))]
    return [Grant(Role(role), *read_account(session, name)) for name in accounts]


def read_account(session: Session, name: str) -> tuple[str, str]:
    """Read an account that is known, as its platform and its name.

    Raises:
        UsageError: there is none.
    """
    try:
        return known_account(session, name, get_settings())
    except UnknownAccount as error:
        raise click.UsageError(str(error)) from error


def words(grants: Sequence[Grant]) -> list[str]:
    """Write grants as words, such as editor:mux/main."""
    return [grant.word for grant in grants]


def page_url(path: str) -> str:
    """Write an address of the pages as people's browsers take it."""
    return get_settings().review_url + path


def page_parts(path: str, says: str) -> list[Text]:
    """Show an address of the pages on a line of its own, which no terminal breaks, and what to know of it."""
    url = page_url(path)
    lines = [Text(url, "bold"), Text(says)]
    if is_loopback(urlsplit(url).hostname):
        note = "on this machine only: set REVIEW_URL to where others find the pages"
        lines.append(Text(note, "yellow"))
    return lines
