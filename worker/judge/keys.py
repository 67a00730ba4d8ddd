"""Under which keys verdicts are kept: the same pictures, asked about in the same way, have the same key."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from worker.judge.prompt import PROMPT_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence


class VerdictKeys(NamedTuple):
    """Pictures, and how a judge is asked about them, as hashes."""

    described: str  #: the key of the verdict without an order
    ordered: str  #: of that with one
    seed: int  #: for the orders in which these pictures are shown

    @classmethod
    def of(cls, pictures: Sequence[bytes], title: str, model: str, readings: int) -> VerdictKeys:
        """Make the keys of some pictures.

        Args:
            pictures: JPEG files, in the order in which they are shown.
            title: that the model is told; empty for none.
            model: which is asked.
            readings: of the order.
        """
        shown = [hashlib.sha256(picture).hexdigest() for picture in pictures]
        about = [shown, title, model, PROMPT_VERSION]
        ordered = _hash([*about, readings])
        return cls(_hash([*about, 0]), ordered, seed_of(ordered))


def seed_of(key: str) -> int:
    """Take the seed for the orders in which pictures were shown from the key of their verdict.

    So what is kept of a verdict tells in which orders its answers were given (`readings.orders`).
    """
    return int(key[:8], 16)


def _hash(what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
