"""`thumbs doctor` and `thumbs accounts check`: two looks, reported in one way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import click

from worker.cli.operate import answer, json_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.doctor.finding import Finding


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Look at everything that the service needs.

    Says what to do about what is not right. Exit code 1 where something failed; warnings do not count.
    """
    from worker.doctor import examine  # noqa: PLC0415  heavy

    _report(examine(), as_json)


@click.group()
def accounts() -> None:
    """Look after the accounts at the platforms."""


@accounts.command()
@click.option("--platform", metavar="NAME", help="Only those of this platform, e.g. mux.")
@json_option
def check(platform: str | None, *, as_json: bool) -> None:
    """Ask the platforms whether our accounts are set up right.

    Says what is missing; nothing is changed there. Exit code 1 where something failed; warnings do not count.
    """
    from worker.doctor import accounts as vendors  # noqa: PLC0415  heavy
    from worker.settings import get_settings  # noqa: PLC0415  heavy

    _report(vendors.examine(get_settings(), platform), as_json)


def _report(findings: Iterable[Finding], as_json: bool) -> NoReturn:
    from worker.doctor.finding import document, line, summary  # noqa: PLC0415  heavy

    shown = []
    for finding in findings:
        shown.append(finding)
        if not as_json:
            answer(as_json, {}, [line(finding)])  # each at once: some take seconds
    found = document(shown)
    answer(as_json, found, [summary(shown)])
    raise SystemExit(found["failed"])
