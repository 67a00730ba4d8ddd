"""Look at everything that the service needs, and say what to do about what is not right.

Each check is one function from the settings to findings. No check waits long for a server that does not
answer, or repeats a text that could hold a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.doctor import (
    accounts,
    beacon,
    bucket,
    connections,
    judge,
    learning,
    machine,
    people,
    rows,
    servers,
    slots,
    trials,
)
from worker.doctor.finding import Finding, State
from worker.errors import SettingsInvalid, ThumbsError
from worker.settings import Settings, find_strays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CHECKS", "LIVE_CHECKS", "Finding", "State", "examine_service"]

CHECKS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "database": servers.check_database,
    "connections": connections.check_connections,
    "rows": rows.check_rows,
    "tests": trials.check_trials,
    "tests by days": slots.check_slots,
    "broker": servers.check_broker,
    "accounts": machine.check_accounts,
    "pictures": accounts.check_pictures,
    "bucket": bucket.check_bucket,
    "standing": accounts.check_standing,
    "people": people.check_people,
    "beacon": beacon.check_beacon,
    "learned": learning.check_learning,
    "judge": judge.check_judge,
    "disk": machine.check_disk,
    "decoder": machine.check_decoder,
    "model": machine.check_model,
}
"""By what they are about, in the order in which they are shown: what takes long comes last."""

LIVE_CHECKS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "judge's answer": judge.check_judge_live,
}
"""Those that may cost something, and are run only where somebody asks for them."""


def examine_service(*, is_live: bool = False) -> Iterator[Finding]:
    """Run every check in turn; one that fails does not keep the others from being run.

    Args:
        is_live: whether those that may cost something are run, too.
    """
    try:
        settings = Settings.read()
    except SettingsInvalid as error:
        for line in str(error).splitlines():
            yield Finding("settings", State.FAILED, line)
        yield from _strays()  # one of them may be what is missing
        yield Finding("the rest", State.WARNING, "not looked at until the settings are right")
        return
    yield from _strays()
    for what, check in (CHECKS | (LIVE_CHECKS if is_live else {})).items():
        try:
            yield from check(settings)
        except ThumbsError as error:
            yield Finding(what, State.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - the other checks may tell why
            yield Finding(what, State.FAILED, f"cannot be looked at ({type(error).__name__})")


def _strays() -> Iterator[Finding]:
    """Name what is nearly called like a setting: nothing reads it."""
    for stray in find_strays():
        yield Finding("settings", State.WARNING, stray.says, stray.remedy)
