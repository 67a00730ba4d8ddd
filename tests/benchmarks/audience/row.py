"""One line of the audience's table, and how its figures are shared among processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Given = TypeVar("Given")
Made = TypeVar("Made")


class Row(NamedTuple):
    """A demand, and what was measured."""

    what: str
    demand: str
    measured: str
    is_met: bool


class Each(Protocol):
    """The built-in `map`, or that of a pool of processes, to which the function and all values travel."""

    def __call__(self, function: Callable[[Given], Made], values: Iterable[Given], /) -> Iterator[Made]:
        """Yield what the function makes of each value, in their order."""
