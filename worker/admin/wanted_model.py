"""Check the model that an operator wants to judge, before a job waits for it."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker import weights
from worker.database.models import Thumbnail
from worker.errors import UnknownModel

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.settings import Settings

# The newest stored pictures, which say what workers judge with.
LOOKED_AT = 1000


def check_model(session: Session, name: str, settings: Settings) -> None:
    """Let a name pass that a worker may have.

    It is one with which workers have judged lately, one that is set here, or one that is known: whose weights
    come with this product or were fetched, or that open_clip knows, where that is installed. Files on the
    workers' machines cannot be looked for.

    Raises:
        UnknownModel: none of these; the message names what there is.
    """
    lately = _judged_lately(session)
    if name in {"lite", settings.model, *lately, *weights.manifest()} or weights.is_fetched(name):
        return
    known = ", ".join(sorted({"lite", settings.model, *lately}))
    if importlib.util.find_spec("open_clip") is None:
        if not name.startswith("lite:"):
            raise UnknownModel(
                f"{name}: not known here, where open_clip is not installed; workers lately had: {known}"
            )
        return
    from worker.pipeline.scoring.clip_model import check_name  # noqa: PLC0415  loads PyTorch

    try:
        check_name(name)
    except UnknownModel as error:
        raise UnknownModel(f"{error} Workers lately had: {known}") from error


def _judged_lately(session: Session) -> set[str]:
    newest = select(Thumbnail.model).order_by(Thumbnail.id.desc()).limit(LOOKED_AT).subquery()
    # Behind the "#" stand the model's files, and the way it looks.
    return {sight.rsplit(" #", 1)[0] for sight in session.scalars(select(newest.c.model).distinct()) if sight}
