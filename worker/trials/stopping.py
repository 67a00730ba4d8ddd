"""Ends tests, and decides what is shown then: the only place that does.

| outcome | what is shown then |
|---|---|
| winner, preferred | the variant that `apply` names, else variant 0 |
| alike, undecided, broken, stopped | variant 0, or the one that a person asks for |
| choice, content, deleted, foreign | what a person, a run or somebody at the platform decided meanwhile |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import defer

from worker import choices, publications
from worker.database import NOW
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.states import DECIDED, PublicationState, TrialKind, TrialOutcome, TrialState
from worker.database.trials import Trial, Variant
from worker.trials import running
from worker.trials.refused import TrialRefused
from worker.trials.saying import ordinal, picture

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: Which outcomes change what is shown by themselves, by TESTS_APPLY.
APPLIED = {
    "winner": frozenset({TrialOutcome.WINNER}),
    "preferred": frozenset({TrialOutcome.WINNER, TrialOutcome.PREFERRED}),
    "never": frozenset[TrialOutcome](),
}
# After these, something else than the test decided what is shown.
_DECIDED_ELSEWHERE = frozenset(
    {TrialOutcome.CHOICE, TrialOutcome.CONTENT, TrialOutcome.DELETED, TrialOutcome.FOREIGN}
)


def end(
    session: Session,
    trial: Trial,
    outcome: TrialOutcome,
    why: str,
    winner: int | None = None,
    who: str | None = None,
    *,
    apply: int | None = None,
) -> None:
    """End a test that runs, and see to what is shown.

    Args:
        session: with the asset's row locked.
        trial: of that asset.
        outcome: how it ends.
        why: a sentence about it.
        winner: the number of the variant that won, or is preferred.
        who: the person who ends it; None: the rules.
        apply: the number of the variant to show from now on; None: variant 0.
    """
    now = session.scalars(select(NOW)).one()
    trial.state, trial.outcome, trial.why, trial.winner = TrialState.ENDED, outcome, why, winner
    trial.ended_at, trial.ended_by = now, who
    asset = session.get_one(Asset, trial.asset_id)
    if outcome in DECIDED:
        asset.test_decided_at = now
    session.flush()
    if outcome not in _DECIDED_ELSEWHERE and may_show(session, asset, trial) is None:
        is_new = apply is not None or trial.kind == TrialKind.SLOTS
        _show(session, asset, trial, apply or 0, is_new=is_new)


def stop(session: Session, trial: Trial, who: str, why: str, *, apply: int | None = None) -> None:
    """End a test because a person says so; or show one of its variants, also when it has ended.

    Args:
        session: with the asset's row locked.
        trial: of that asset.
        who: the person.
        why: in their words; may be empty.
        apply: the number of the variant to show from now on; None: what was shown before the test.

    Raises:
        TrialRefused: it has ended already, it has no such variant, or that cannot be shown now, for example
            since a newer test runs.
    """
    asset = session.get_one(Asset, trial.asset_id)
    if apply is not None:
        _require_variant(session, asset, trial, apply)
    if trial.state == TrialState.RUNNING:
        said = why or ("a person stopped it" if apply is None else f"a person took {picture(apply)}")
        end(session, trial, TrialOutcome.STOPPED, said, who=who, apply=apply)
    elif apply is None:
        raise TrialRefused(f"test {trial.id} has ended already")
    elif running.running_trial(session, asset.id) is not None:
        raise TrialRefused("a newer test of it runs, and shows its own pictures: stop that one first")
    else:
        _show(session, asset, trial, apply, is_new=True)


def may_show(session: Session, asset: Asset, trial: Trial) -> str | None:
    """Say why no variant of a test can be shown now; None where one can."""
    choice = choices.open_choice(session, asset)
    if choice is not None and choice.lost_at is None:
        return "a person chose its thumbnail: release the choice first"
    if asset.deleted_at is not None:
        return "the video is deleted at its platform"
    if asset.fingerprint != trial.fingerprint:
        return "the video has other content than when it was tested: start a new test"
    if asset.foreign_thumbnail is not None:
        return "somebody else set its thumbnail at the platform: choose one here, which replaces it"
    return None


def shown_variant(session: Session, trial: Trial) -> Variant | None:
    """Find the variant that the asset's newest write shows; None where it shows something else."""
    newest = select(func.max(Publication.id)).where(Publication.asset_id == trial.asset_id)
    of_write = select(Publication.thumbnail_id).where(Publication.id == newest.scalar_subquery())
    return session.scalar(
        select(Variant).where(
            Variant.trial_id == trial.id, Variant.thumbnail_id == of_write.scalar_subquery()
        )
    )


def variant_picture(session: Session, trial: Trial, number: int) -> Thumbnail | None:
    """Find the picture of a variant, without its bytes; None where there is none, or it is gone."""
    of_variant = (Variant.trial_id == trial.id, Variant.number == number)
    return session.scalar(
        select(Thumbnail)
        .join(Variant, Variant.thumbnail_id == Thumbnail.id)
        .where(*of_variant)
        .options(defer(Thumbnail.jpeg))
    )


def _require_variant(session: Session, asset: Asset, trial: Trial, number: int) -> None:
    if variant_picture(session, trial, number) is None:
        raise TrialRefused(f"the test has no {ordinal(number)} picture any more: name another one")
    if (reason := may_show(session, asset, trial)) is not None:
        raise TrialRefused(reason)


def _show(session: Session, asset: Asset, trial: Trial, number: int, *, is_new: bool) -> None:
    """Have a variant written, as long as it is stored, unless the newest write is of it.

    Args:
        session: with the asset's row locked.
        asset: whose thumbnail it is.
        trial: of that asset.
        number: of the variant.
        is_new: whether it was decided now: then a write that came to nothing is asked for again. Otherwise
            it is what was shown all along, and an operator may have called its write off.
    """
    shown = shown_variant(session, trial)
    picture = variant_picture(session, trial, number)
    is_asked_for = shown is not None and shown.number == number
    if picture is None or (is_asked_for and not (is_new and _is_over(session, asset))):
        return
    # The picture may be of an earlier run of the same content. The write counts for the newest one, or its
    # asset would seem to wait for ever.
    generation = choices.newest_generation(session, asset)
    publications.request(session, asset, picture, generation=generation)


def _is_over(session: Session, asset: Asset) -> bool:
    """Tell whether the newest write came to nothing: it failed, was called off, or gave way."""
    states = select(Publication.state).where(Publication.asset_id == asset.id)
    state = session.scalar(states.order_by(Publication.id.desc()).limit(1))
    return state in {PublicationState.FAILED, PublicationState.SUPERSEDED, PublicationState.YIELDED}
