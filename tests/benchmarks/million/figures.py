"""The figures of the last runs, as JSON beside this file: plots and tables are made from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("measured")


def save(name: str, figures: dict[str, Any], folder: Path = FOLDER) -> None:
    """Write the figures of a part, and print them."""
    text = json.dumps(rounded(figures), indent=1) + "\n"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(text)
    print(text)


def load(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Read the figures of a part.

    Raises:
        FileNotFoundError: it was not run yet.
    """
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return found


def rounded(value: Any) -> Any:
    """Leave four digits of each number, which is more than any of them is sure to."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
