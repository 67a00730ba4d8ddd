"""`python -m tests.project.settings_table`: print the table of docs/settings.md, from the class."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, get_args, get_origin

from worker.settings import Settings
from worker.settings.accounts import AccountSettings
from worker.settings.storage import StorageSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

ACCOUNTS: dict[str, type[AccountSettings]] = {
    name: get_args(field.annotation)[1]
    for name, field in Settings.model_fields.items()
    if get_origin(field.annotation) is dict
}
"""What an account of each platform is set by."""

EVERY_PLATFORM = "<platform>"


def settings_table() -> str:
    """Write all settings, and those of an account, as one table in Markdown."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    first = next(iter(ACCOUNTS))
    for name, field in _fields():
        if name == first:
            rows += _account(EVERY_PLATFORM, AccountSettings.model_fields)
        if name in ACCOUNTS:
            own = ACCOUNTS[name].model_fields.items()
            rows += _account(
                name, {key: value for key, value in own if key not in AccountSettings.model_fields}
            )
        else:
            rows.append(_row(name.upper(), field))
    return "\n".join(rows)


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the fields: where everything is kept, then those of the class itself, then of its other bases."""
    for owner in dict.fromkeys((StorageSettings, *Settings.__mro__)):
        for name in inspect.get_annotations(owner):
            if name in Settings.model_fields:
                yield name, Settings.model_fields[name]


def _account(platform: str, fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    for name, field in fields.items():
        yield _row(variable(platform, name), field)


def variable(platform: str, name: str) -> str:
    """Name the variable of an account's setting, e.g. `MUX__<account>__TOKEN_ID`."""
    known = platform if platform == EVERY_PLATFORM else platform.upper()
    return f"{known}__<account>__{name.upper()}"


def _row(variable: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else _written(field.default)
    return f"| `{variable}` | {default} | {field.description} |"


def _written(value: object) -> str:
    """Write a default as it would stand in the environment; nothing where nothing is set."""
    if isinstance(value, tuple):
        value = " ".join(value)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


if __name__ == "__main__":
    print(settings_table())
