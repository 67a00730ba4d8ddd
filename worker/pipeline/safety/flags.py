"""Which candidates of one run are flagged as unsafe, and what is picked so that none of them is shown.

Only what comes into question is looked at, since each look takes as long as scoring a frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from worker.text import UNSAFE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from worker.pipeline.frames import Crop, Pick, Scored
    from worker.pipeline.safety.finder import UnsafeFinder

# So often only the picks are looked at; where flagged ones are still among them, everything is.
ROUNDS = 3
# So often picks are chosen anew because of their stills, which are decoded anew then.
STILL_ROUNDS = 2

FLAGGED_NOTE = "every frame that could be picked is flagged as unsafe"


Choice = TypeVar("Choice", bound="tuple[list[int], *tuple[Any, ...]]")
"""What was chosen: indexes of the picks come first."""


@dataclass
class Flags:
    """What is known of the candidates of one run; nobody looks at them where `finder` is None."""

    scored: Sequence[Scored]
    finder: UnsafeFinder | None
    others: Mapping[int, str] = field(default_factory=dict)  #: why candidates may not be picked besides
    found: dict[int, bool] = field(default_factory=dict)  #: by index of `scored`, of those looked at
    still_rounds: int = 0  #: how often stills were flagged

    @classmethod
    def of(
        cls,
        scored: Sequence[Scored],
        finder: UnsafeFinder | None,
        unsafe: Iterable[int],
        vetoed: Mapping[int, str],
    ) -> Self:
        """Begin a run.

        Args:
            scored: all that were scored.
            finder: looks at pictures; None: nobody does.
            unsafe: indexes of what a judge called so.
            vetoed: why a judge's vetoes leave candidates out, by index; what is unsafe is among them, unless
                nothing else was shown to the judge.
        """
        return cls(scored, finder, vetoed, dict.fromkeys(unsafe, True))

    def vetoed(self) -> dict[int, str]:
        """Say why candidates may not be picked, by index; where nothing is left, only what is unsafe."""
        unsafe = self._unsafe()
        every = {**unsafe, **self.others}
        return every if len(every) < len(self.scored) else unsafe

    def choose(self, choose: Callable[[Mapping[int, str]], Choice]) -> Choice:
        """Choose until nothing flagged is chosen, or everything is flagged.

        Args:
            choose: given why candidates may not be picked, by index, chooses among the others.
        """
        for _ in range(ROUNDS):
            choice = choose(self.vetoed())
            if not self._look(choice[0]):
                return choice
        self._look(range(len(self.scored)))
        return choose(self.vetoed())

    def look_again(self, picks: Sequence[Pick], taken: Sequence[int]) -> bool:
        """Look at the pictures that were cut, which may show more than their candidates did.

        Args:
            picks: with their pictures.
            taken: the index of what each of them is of.

        Returns:
            Whether to choose anew.
        """
        shown = zip(picks, taken, strict=True)
        flagged = [index for pick, index in shown if self.are_unsafe(pick.crops)]
        is_new = any(not self.found.get(index) for index in flagged)
        self.found |= dict.fromkeys(flagged, True)
        self.still_rounds += is_new
        return is_new and len(self._unsafe()) < len(self.scored) and self.still_rounds <= STILL_ROUNDS

    def without_flagged(
        self, picks: Sequence[Pick], taken: Sequence[int]
    ) -> tuple[tuple[Pick, ...], list[int]]:
        """Leave out picks that are flagged, unless they all are; then each says so first.

        Returns:
            The picks, and the index of what each is of.
        """
        safe = [index for index in taken if not self.found.get(index)]
        if safe:
            left = [pick for pick, index in zip(picks, taken, strict=True) if index in safe]
            return tuple(replace(pick, rank=rank) for rank, pick in enumerate(left, start=1)), safe
        return tuple(replace(pick, reasons=(UNSAFE, *pick.reasons)) for pick in picks), [*taken]

    def are_unsafe(self, crops: Iterable[Crop]) -> bool:
        """Look at pictures that were cut from one frame; tell whether any of them is to be flagged."""
        return self.finder is not None and any(self.finder.is_unsafe(crop.jpeg) for crop in crops)

    def _unsafe(self) -> dict[int, str]:
        return {index: UNSAFE for index, is_unsafe in self.found.items() if is_unsafe}

    def _look(self, indexes: Iterable[int]) -> bool:
        """Look at those that nobody has looked at; tell whether any of them is flagged."""
        if self.finder is None:
            return False
        new = [index for index in indexes if index not in self.found]
        self.found |= {index: self.finder.is_unsafe(self.scored[index].candidate.rgb) for index in new}
        return any(self.found[index] for index in new)
