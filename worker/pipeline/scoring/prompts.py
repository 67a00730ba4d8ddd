"""Prompt pairs: what a good thumbnail looks like and what a bad one, in words.

They are data (`prompts.toml`), each with its reason, and may be replaced by a file of the user's own.
"""

from __future__ import annotations

import importlib.resources
import math
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worker.errors import PromptsInvalid

if TYPE_CHECKING:
    from pathlib import Path

REQUIRED = {"name", "good", "bad", "why"}


@dataclass(frozen=True, slots=True)
class PromptPair:
    """Two opposites; a frame's value is how much nearer it is to the good one."""

    name: str
    good: str
    bad: str
    why: str  #: the reason for this pair, for people
    weight: float = 1.0  #: > 0; how much it counts beside the others

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        empty = sorted(field for field in REQUIRED if not getattr(self, field).strip())
        if empty:
            raise PromptsInvalid(f"pair {self.name!r}: {', '.join(empty)} must not be empty")
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise PromptsInvalid(f"pair {self.name!r}: weight must be greater than 0, not {self.weight}")


@dataclass(frozen=True, slots=True)
class Prompts:
    """At least one pair, each with a name of its own."""

    pairs: tuple[PromptPair, ...]

    @classmethod
    def load(cls, path: Path | None = None) -> Prompts:
        """Read prompts from a TOML file of `[[pair]]` tables.

        Args:
            path: the file; None for the prompts that ship with the product.

        Raises:
            PromptsInvalid: the file cannot be read, or a pair cannot be used.
        """
        source = path or importlib.resources.files(__package__) / "prompts.toml"
        try:
            tables = tomllib.loads(source.read_text("utf-8")).get("pair", [])
        except OSError as error:
            raise PromptsInvalid(f"{path}: cannot be read ({error.strerror}); check its path") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PromptsInvalid(f"{path}: not TOML ({error})") from error
        try:
            return cls(_pairs(tables))
        except PromptsInvalid as error:
            raise PromptsInvalid(f"{path or 'prompts.toml'}: {error}") from error


def _pairs(tables: Any) -> tuple[PromptPair, ...]:
    if not isinstance(tables, list) or not tables:
        raise PromptsInvalid("no pairs; write at least one [[pair]] with name, good, bad and why")
    pairs = tuple(_pair(table) for table in tables)
    names = [pair.name for pair in pairs]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise PromptsInvalid(f"two pairs are called {', '.join(sorted(doubled))}; give each its own name")
    return pairs


def _pair(table: Any) -> PromptPair:
    if not isinstance(table, dict):
        raise PromptsInvalid("each pair is a table: write [[pair]], with two brackets")
    name = table.get("name", "without a name")
    missing, unknown = REQUIRED - table.keys(), table.keys() - REQUIRED - {"weight"}
    if missing or unknown:
        fault = (
            f"lacks {', '.join(sorted(missing))}" if missing else f"has unknown {', '.join(sorted(unknown))}"
        )
        raise PromptsInvalid(f"pair {name!r} {fault}; a pair has name, good, bad, why and perhaps weight")
    wrong = sorted(key for key in REQUIRED if not isinstance(table[key], str))
    if wrong:
        raise PromptsInvalid(f"pair {name!r}: {', '.join(wrong)} must be text in quotes")
    if not isinstance(table.get("weight", 1.0), int | float):
        raise PromptsInvalid(f"pair {name!r}: weight must be a number, not {table['weight']!r}")
    return PromptPair(**table)
