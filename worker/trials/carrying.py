"""What a test shows stays, when a video is looked at again and its content is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from worker import choices
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.states import TrialOutcome, TrialState
from worker.database.trials import Trial, Variant
from worker.time_ranges import AVOID, parse_time_ranges
from worker.trials import stopping
from worker.trials.running import IS_RUNNING, newest_trial, variants_of

if TYPE_CHECKING:
    from sqlalchemy import ScalarSelect, Select
    from sqlalchemy.orm import Session


def carry_through_run(session: Session, asset: Asset, generation: int) -> Thumbnail | None:
    """Find what a run has to go on showing because of a test; None where its own best pick is to show.

    While a test runs, that is the variant that is shown now. Afterwards it is what viewers or a person
    preferred, in this test or in one before. What lies in a part of the video that a person wants to be
    avoided is shown no longer, and ends a test.

    Args:
        session: with the asset's row locked, its new fingerprint set, and what a person chose carried on.
        asset: which was looked at.
        generation: of the run.
    """
    trial = newest_trial(session, asset.id)
    if trial is None or asset.generation > generation:
        return None
    is_running = trial.state == TrialState.RUNNING and stopping.may_show(session, asset, trial) is None
    if is_running and any(_is_avoided(asset, one) for one in variants_of(session, trial.id)):
        _end_avoided(session, trial)
    return kept_picture(session, asset)


def kept_picture(session: Session, asset: Asset) -> Thumbnail | None:
    """Find what is shown because of an asset's tests, without its bytes; None: its best pick is."""
    trial = newest_trial(session, asset.id)
    if trial is None:
        return None
    if trial.state == TrialState.RUNNING and stopping.may_show(session, asset, trial) is None:
        shown = stopping.shown_variant(session, trial)
        return stopping.variant_picture(session, trial, shown.number if shown is not None else 0)
    kept = session.execute(_kept(Trial, Variant).join(Asset).where(Asset.id == asset.id)).first()
    if kept is None or _is_avoided(asset, kept[1]) or stopping.may_show(session, asset, kept[0]) is not None:
        return None
    return stopping.variant_picture(session, kept[0], kept[1].number)


def kept_before_choice(session: Session, asset: Asset) -> Thumbnail | None:
    """Find what tests kept before a person chose something else, without its bytes; None: nothing."""
    before = _kept(Trial, Variant, with_choices=False).join(Asset).where(Asset.id == asset.id)
    found = session.execute(before).first()
    if found is None or _is_avoided(asset, found[1]):
        return None
    return stopping.variant_picture(session, found[0], found[1].number)


def kept_id() -> ScalarSelect[int | None]:
    """Build the id of what `kept_picture` finds, for a statement about many assets; None: the best pick."""
    return _kept(Variant.thumbnail_id).where(Trial.asset_id == Asset.id).correlate(Asset).scalar_subquery()


def _kept(*columns: Any, with_choices: bool = True) -> Select[Any]:
    """Select of the variant that an asset's newest write shows, if a test keeps it there.

    Any test of the same content may: the newest one may only have left in its place what another one found.
    Variant 0 is kept where it won, or is no pick: then a person had chosen it before it was tested.

    Args:
        *columns: of trials and variants.
        with_choices: False: of the newest write that no choice asked for.
    """
    write = select(Publication.thumbnail_id).where(Publication.asset_id == Asset.id)
    if not with_choices:
        write = write.where(Publication.choice_id.is_(None))
    newest_write = write.order_by(Publication.id.desc()).limit(1).correlate(Asset).scalar_subquery()
    is_kept = (
        Trial.fingerprint.is_not_distinct_from(Asset.fingerprint),
        Variant.thumbnail_id == newest_write,
        or_(
            Variant.number > 0,
            Variant.number == Trial.winner,
            Thumbnail.rank == choices.CHOSEN_RANK,
            IS_RUNNING,
        ),
    )
    found = select(*columns).select_from(Variant).join(Trial).join(Thumbnail).where(*is_kept)
    return found.order_by(Trial.id.desc()).limit(1)


def _end_avoided(session: Session, trial: Trial) -> None:
    why = "one of its pictures lies in a part of the video that is to be avoided"
    stopping.end(session, trial, TrialOutcome.CHOICE, why)


def _is_avoided(asset: Asset, variant: Variant) -> bool:
    """Tell whether a person wants no picture of this moment; one of their own has no model, and no moment."""
    avoided = parse_time_ranges((asset.options or {}).get(AVOID, ()))
    return bool(variant.model) and any(one.holds(variant.time_s, asset.duration_s or 0.0) for one in avoided)
