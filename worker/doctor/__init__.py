"""Looks at everything that the service needs, and says what to do about what is not right.

Each check is one function from the settings to findings. None of them waits long for what does not answer,
or repeats what could hold a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.doctor import machine, servers
from worker.doctor.finding import Finding, State
from worker.errors import SettingsInvalid, ThumbsError
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CHECKS", "Finding", "State", "examine_service"]

CHECKS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "database": servers.check_database,
    "broker": servers.check_broker,
    "accounts": machine.check_accounts,
    "disk": machine.check_disk,
    "decoder": machine.check_decoder,
    "model": machine.check_model,
}
"""In the order in which they are shown: what takes long comes last."""


def examine_service() -> Iterator[Finding]:
    """Look at everything, one by one; what fails does not keep the rest from being looked at."""
    try:
        settings = Settings.read()
    except SettingsInvalid as error:
        yield Finding("settings", State.FAILED, str(error), "nothing else is looked at until they are right")
        return
    for what, check in CHECKS.items():
        try:
            yield from check(settings)
        except ThumbsError as error:
            yield Finding(what, State.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - the other checks may tell why
            yield Finding(what, State.FAILED, f"cannot be looked at ({type(error).__name__})")
