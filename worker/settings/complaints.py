"""What is wrong with a setting, in an operator's words, and where its value came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

SECRETS_DIR = "SECRETS_DIR"  #: the variable that names the folder of secrets; no field, as it is read first

_OF_ACCOUNT = "each setting of an account is a variable of its own, as MUX__MAIN__TOKEN_ID"
# What the library says in its own terms, said in an operator's; the words in braces come from the library.
_PROBLEMS = {
    "missing": "missing",
    "too_short": "empty",
    "string_too_short": "empty",
    "extra_forbidden": "there is no such setting; docs/settings.md lists them",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number, and not infinite",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "literal_error": "must be {expected}",
    "string_type": "must be text",
    "dict_type": _OF_ACCOUNT,
    "model_type": _OF_ACCOUNT,
}


def complaint(error: ErrorDetails, environment: Mapping[str, str]) -> str:
    """Say which variable is wrong, why, and in which place of the environment its value was found."""
    variable = "__".join(part for part in error["loc"] if isinstance(part, str) and part != "[key]").upper()
    known, words = _PROBLEMS.get(error["type"]), error.get("ctx", {})
    problem = known.format(**_plain(words)) if known else error["msg"].removeprefix("Value error, ")
    if not variable:
        return problem
    found = _found(variable, environment)
    # Who set it to nothing looks for it in vain if it is called missing.
    if found and error["type"] == "missing":
        problem = _PROBLEMS["too_short"]
    return f"{variable}: {problem}{found}"


def _plain(words: dict[str, Any]) -> dict[str, Any]:
    """Write numbers as people do, 0 and not 0.0, and choices without quotes."""
    return {
        name: f"{value:g}" if isinstance(value, float) else str(value).replace("'", "")
        for name, value in words.items()
    }


def files_in(environment: Mapping[str, str]) -> list[Path]:
    """List what lies in SECRETS_DIR; nothing where it cannot be read, which is told elsewhere."""
    folder = environment.get(SECRETS_DIR)
    try:
        return sorted(Path(folder).iterdir()) if folder else []
    except OSError:
        return []


def _found(variable: str, environment: Mapping[str, str]) -> str:
    """Say where a value comes from; nothing where there is none."""
    if any(name.upper() == variable for name in environment):
        return " (a variable)"
    files = files_in(environment)
    return next((f" (the file {file})" for file in files if file.name.upper() == variable), "")
