"""Finds the learned head that is in use for an account's videos, and reads it for the picker."""

from __future__ import annotations

import io
import logging
import zipfile
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from worker.database.learning import Head
from worker.database.states import HeadState
from worker.pipeline.scoring.learned_head import LearnedHead

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

DIRECTION = "direction"  #: the array of `Head.arrays` that a picker reads


class UnreadableHead(ValueError):
    """The arrays of a head cannot be used; the message says why."""


def head_for(
    session: Session, sight: str, platform: str, account: str, dimensions: int | None = None
) -> LearnedHead | None:
    """Find the head that is in use: the account's own one, or else that of all accounts.

    It is read anew for each job: that takes a millisecond, and what was shipped or taken back counts from the
    next job on. One that cannot be read counts as none, for a video is worth more than its last point.

    Args:
        session: any.
        sight: of the model that judges; a head of another one is not found.
        platform: of the account.
        account: its name.
        dimensions: of the model's embeddings; None: as many as the head has.
    """
    is_own = (Head.platform == platform) & (Head.account == account)
    row = session.execute(
        select(Head.id, Head.arrays)
        .where(
            Head.state == HeadState.SHIPPED,
            Head.model == sight,
            is_own | (Head.platform.is_(None) & Head.account.is_(None)),
        )
        .order_by(Head.account.is_(None))
        .limit(1)
    ).first()
    if row is None:
        return None
    try:
        return LearnedHead(row.id, sight, read_direction(row.arrays, dimensions))
    except UnreadableHead as exc:
        log.warning("head %d is not used, videos are judged by hand-made weights: %s", row.id, exc)
        return None


def read_direction(arrays: bytes, dimensions: int | None = None) -> NDArray[np.float32]:
    """Read the direction of a head, (d,), from its npz.

    Args:
        arrays: as stored, without pickles.
        dimensions: d; None for any.

    Raises:
        UnreadableHead: it is damaged, holds what is no finite number, or has another length.
    """
    try:
        with np.load(io.BytesIO(arrays), allow_pickle=False) as stored:
            direction = np.asarray(stored[DIRECTION])
    except (ValueError, KeyError, OSError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as exc:
        raise UnreadableHead(f"its arrays cannot be read ({type(exc).__name__})") from exc
    if direction.dtype.kind != "f" or direction.ndim != 1:
        raise UnreadableHead(
            f"its direction is {direction.dtype} of shape {direction.shape}, and no row of numbers"
        )
    with np.errstate(over="ignore"):
        direction = direction.astype(np.float32)
    if not np.isfinite(direction).all():
        raise UnreadableHead("its direction holds what is no finite number")
    if dimensions not in {None, len(direction)}:
        raise UnreadableHead(
            f"it is for embeddings of {len(direction)} numbers, and the model's have {dimensions}"
        )
    return direction
