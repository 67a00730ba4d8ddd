"""What is wrong with a setting, in an operator's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# What the library says in its own terms, said in an operator's.
_PROBLEMS = {
    "missing": "missing",
    "too_short": "empty",
    "extra_forbidden": "there is no such setting; docs/settings.md lists them",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "dict_type": "each setting of an account is a variable of its own, as MUX__MAIN__TOKEN_ID",
    "model_type": "each setting of an account is a variable of its own, as MUX__MAIN__TOKEN_ID",
}


def complaint(error: ErrorDetails) -> str:
    """Say which variable is wrong, and why."""
    variable = "__".join(part for part in error["loc"] if isinstance(part, str) and part != "[key]").upper()
    problem = _PROBLEMS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return f"{variable}: {problem}" if variable else problem
