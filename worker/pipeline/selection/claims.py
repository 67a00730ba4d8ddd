"""What besides its score speaks for or against a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Claims(NamedTuple):
    """Indexes of scored frames that have more or less of a claim to be picked than others."""

    preferred: frozenset[int] = frozenset()  #: in the ranges that the caller prefers
    earlier: Sequence[int] = ()  #: what an earlier run picked, best first
    at_ends: frozenset[int] = frozenset()  #: at the start or end of the video, and not preferred


NO_CLAIMS = Claims()
