"""`python -m worker.settings_table`: the README's table of settings, made from the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.settings import FastPixAccount, MuxAccount, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

ACCOUNTS: dict[str, type[BaseModel]] = {"mux": MuxAccount, "fastpix": FastPixAccount}


def render() -> str:
    """All settings, and those of an account, as one table in Markdown."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if name in ACCOUNTS:
            rows += _account(name, ACCOUNTS[name])
        else:
            rows.append(_row(name.upper(), field))
    return "\n".join(rows)


def _account(platform: str, account: type[BaseModel]) -> Iterator[str]:
    for name, field in account.model_fields.items():
        yield _row(f"{platform}__<account>__{name}".upper().replace("<ACCOUNT>", "<account>"), field)


def _row(variable: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else _written(field.default)
    return f"| `{variable}` | {default} | {field.description} |"


def _written(value: object) -> str:
    """A default as it would be written into the environment; nothing where nothing is set."""
    if isinstance(value, tuple):
        value = " ".join(value)
    if value is None or value == "":
        return ""
    return (
        f"`{value:g}`" if isinstance(value, float) else f"`{str(value).lower() if value is False else value}`"
    )


if __name__ == "__main__":
    print(render())  # noqa: T201 - the command's result
