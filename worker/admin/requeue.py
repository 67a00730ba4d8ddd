"""Ask for new looks at many assets, and check the model that is wanted before a job waits for it."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker import jobs, weights
from worker.admin.assets import Requeueing, assets_named
from worker.admin.matching import BATCH, Filters, candidates, matching
from worker.database import transaction
from worker.database.models import Asset, Job, Thumbnail
from worker.database.states import WAITING
from worker.errors import UnknownModel
from worker.people import audit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor
    from worker.settings import Settings

# The newest stored pictures, which say what workers judge with.
LOOKED_AT = 1000


def requeue_assets(
    engine: Engine,
    chosen: Sequence[str] | Filters,
    actor: Actor,
    why: str,
    settings: Settings,
    *,
    model: str | None = None,
    is_dry_run: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[Requeueing]:
    """Ask for a new look at assets that are named or that match; a job that waits already is not doubled.

    Each is asked for as the iterator comes to it, so that what was done can be told though the rest is not.

    With a model, a worker that has it judges the stored frames anew, and scans no video; without one, an
    earlier wish for one is lifted.

    Args:
        engine: the database.
        chosen: words for assets or jobs, or what the assets have in common.
        actor: asks for it, for the jobs' history and the audit.
        why: for the jobs' history.
        settings: of the jobs.
        model: which has to judge; None: whichever the worker has.
        is_dry_run: only find the assets.
        on_progress: called with how many assets were looked at, and how many are to be.

    Raises:
        NotFound: a name means nothing; none of the assets was touched.
        UnknownModel: no worker can have the model; none was touched either.
    """
    if model is not None:
        with transaction(engine) as session:
            check_model(session, model, settings)

    def request(asset: Asset) -> Requeueing:
        if is_dry_run:
            return Requeueing(asset, None)
        with transaction(engine) as session:  # one each, so that no webhook waits for all of them
            return _requeue(session, asset, actor, why, settings, model)

    yield from map(request, _chosen(engine, chosen, on_progress))


def _requeue(
    session: Session, asset: Asset, actor: Actor, why: str, settings: Settings, model: str | None
) -> Requeueing:
    session.get_one(Asset, asset.id, with_for_update=True)
    waits_for = session.scalar(select(Job.model).where(Job.asset_id == asset.id, Job.state.in_(WAITING)))
    outcome = jobs.requeue(session, asset.id, actor.name, why, settings, model=model)
    if outcome is jobs.Requeued.DELETED:
        return Requeueing(asset, outcome)
    audit.note(session, actor, "look-again", asset.id, model=model, why=why)
    return Requeueing(asset, outcome, model, waits_for if waits_for != model else None)


def _chosen(
    engine: Engine, chosen: Sequence[str] | Filters, on_progress: Callable[[int, int], None]
) -> Iterator[Asset]:
    if not isinstance(chosen, Filters):
        with transaction(engine) as session:
            yield from assets_named(session, chosen)
        return
    with transaction(engine) as session:
        ids = candidates(session, chosen)
    for start in range(0, len(ids), BATCH):
        with transaction(engine) as session:
            found = matching(session, chosen, ids[start : start + BATCH])
        yield from found
        on_progress(min(start + BATCH, len(ids)), len(ids))


def has_effect(outcomes: Sequence[Requeueing]) -> bool:
    """Tell whether at least one asset is looked at again, or would be."""
    return any(one.outcome is not jobs.Requeued.DELETED for one in outcomes)


def check_model(session: Session, name: str, settings: Settings) -> None:
    """Let a name pass that a worker may have.

    It is one with which workers have judged lately, one that is set here, or one that is known: that
    `thumbs models` lists, or that open_clip knows, where that is installed. Files on the workers' machines
    cannot be looked for. Files that are only a part of every model judge nothing.

    Raises:
        UnknownModel: none of these; the message names what there is.
    """
    lately = _judged_lately(session)
    to_fetch = {entry.name for entry in weights.manifest().values() if not entry.file}
    if name in {"lite", settings.model, *lately, *to_fetch} or weights.is_fetched(name):
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
        said = str(error) if str(error).endswith("?") else f"{error}."
        raise UnknownModel(f"{said} Workers lately had: {known}") from error


def _judged_lately(session: Session) -> set[str]:
    newest = select(Thumbnail.model).order_by(Thumbnail.id.desc()).limit(LOOKED_AT).subquery()
    # Behind the "#" stand the model's files, and the way it looks.
    return {sight.rsplit(" #", 1)[0] for sight in session.scalars(select(newest.c.model).distinct()) if sight}
