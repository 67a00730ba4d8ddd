"""What a judge may decide, by what it was measured to be worth on judged frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from worker.pipeline.judging.verdict import Say

if TYPE_CHECKING:
    from worker.weights.training.taste.measures import Estimate

MIN_VIDEOS = 20  #: with fewer, a lead is luck
MAX_UNJUDGED = 0.2  #: of the videos; a judge that is silent more often does not lead
MAX_BEST_VETOED = 0.05  #: of the editor's best three frames; whoever leaves out more does harm
EVEN = 0.5  #: pairs that a coin has right; the middle of an editor's order; first frames as good as ours


class Worth(NamedTuple):
    """What was measured of a judge that counts for its say."""

    videos: int  #: for which it gave a verdict, at least one
    unjudged: int  #: for which it gave none
    pairs_right: Estimate  #: of the editor's pairs; ties half
    lead: Estimate  #: its share of pairs minus that of our score, on the same videos
    first_wins: Estimate  #: how often the editor prefers its first frame to ours, 0..1; 1/2 where alike
    best_vetoed: float  #: the share of the editor's best three that it would have left out
    #: where in the editor's order the frames lie that it would have left out: 0 the best, 1 the worst; None
    #: where it left none out
    vetoed_place: Estimate | None


class EarnedSay(NamedTuple):
    """What a judge may decide, and why."""

    say: Say
    because: str  #: a sentence for people


def say_of(worth: Worth) -> EarnedSay:
    """Decide how much a judge may decide.

    It leads where it orders surely better than our score: the interval of its lead in pairs lies above 0, its
    first frame is at least as often the better one, and it is surely better than a coin. Whoever orders
    better, but not surely, decides near ties. Whoever orders no better than our score has not shown that it
    sees anything, so its vetoes have to: what it leaves out has to lie surely in the worse half. A judge that
    takes the best frames away, or whose order is surely worse than a coin's, is not asked.
    """
    if worth.pairs_right.high < EVEN:
        return EarnedSay(
            Say.NOTHING, f"its order is upside down: {worth.pairs_right.value:.0%} of pairs right"
        )
    if worth.best_vetoed > MAX_BEST_VETOED:
        return EarnedSay(
            Say.NOTHING,
            f"it finds fault with {worth.best_vetoed:.0%} of the editor's best three frames, and more than "
            f"{MAX_BEST_VETOED:.0%} does harm",
        )
    if not _orders_better(worth):
        return _by_vetoes(worth)
    return _by_order(worth)


def _orders_better(worth: Worth) -> bool:
    """Tell whether its order is better by the point, and what would be shown is no worse."""
    least = 0.0 if worth.videos < MIN_VIDEOS else 1e-9  # few videos: what is as good is not yet found out
    is_no_coin = worth.pairs_right.low > EVEN  # our score may be worse than one on some set
    return is_no_coin and worth.lead.value >= least and worth.first_wins.value >= EVEN


def _by_vetoes(worth: Worth) -> EarnedSay:
    who = "our score" if worth.pairs_right.low > EVEN else "a coin"
    reason = f"it orders no better than {who} ({100 * worth.lead.value:+.1f} % of pairs beside our score"
    reason += f"; its first frame is the better one in {worth.first_wins.value:.0%})"
    if worth.vetoed_place is not None and worth.vetoed_place.low <= EVEN:
        return EarnedSay(
            Say.NOTHING, f"{reason}, and what it finds at fault is not surely in the worse half either"
        )
    return EarnedSay(Say.VETO, reason)


def _by_order(worth: Worth) -> EarnedSay:
    value, low, high = (100 * one for one in worth.lead)
    lead = f"{value:+.1f} % of pairs ({low:+.0f} to {high:+.0f})"
    if worth.videos < MIN_VIDEOS:
        return EarnedSay(Say.TIES, f"{lead} on {worth.videos} videos; to lead takes {MIN_VIDEOS}")
    if worth.lead.low <= 0:
        return EarnedSay(Say.TIES, f"{lead}: better, but not surely")
    silent = worth.unjudged / (worth.videos + worth.unjudged)
    if silent > MAX_UNJUDGED:
        return EarnedSay(
            Say.TIES,
            f"{lead}, but it gave no verdict on {silent:.0%} of the videos; at most {MAX_UNJUDGED:.0%} may "
            "be missing to lead",
        )
    return EarnedSay(Say.LEAD, f"{lead}: surely better")
