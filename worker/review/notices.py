"""What a person should know about an asset before they decide, and what they can do: a sentence for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker import choices
from worker.database.states import JobState
from worker.platforms.base import WriteBack
from worker.review.progress import ProgressLine, Tone, platform_label
from worker.text import UNSAFE, clock, format_age, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.admin.asset_history import AssetHistory
    from worker.database.models import Asset

_SETTLED = frozenset({JobState.COMPLETED, JobState.DISCARDED, JobState.CANCELLED, JobState.SUPERSEDED})


def taken_words(asset: Asset, taken: WriteBack | None) -> str:
    """Say what the platform accepts; nothing of a video that is deleted."""
    if asset.deleted_at or asset.erased_at:
        return ""
    label = platform_label(asset)
    match taken:
        case WriteBack.TIME:
            return f"{label} cuts the picture from the video itself: choose a frame, or a time."
        case WriteBack.IMAGE:
            return f"{label} takes our picture: choose a frame, a time, or a picture of your own."
        case WriteBack.URL:
            return f"{label} fetches our picture: choose a frame, a time, or a picture of your own."
        case WriteBack.NONE:
            return "No platform shows it, we serve the picture: choose a frame, a time, or one of your own."
    return (
        f"The account {asset.platform}/{asset.account} is not configured here, so nothing can be written; "
        f"docs/platforms/{asset.platform}.md says how to add it."
    )


def release_words(history: AssetHistory) -> str:
    """Say what is shown once the choice is released; "" where nothing is chosen."""
    choice = history.choice
    if choice is None:
        return ""
    if choice.lost_at:
        return "After a release the best pick stays, and the choice is forgotten."
    if not history.thumbnails:
        return "After a release nothing is shown until the video was looked at."
    best = history.thumbnails[0]
    if history.asset.is_held:
        return "After a release nothing is written, since every pick is flagged as unsafe."
    return f"After a release pick {best.rank} is shown, at {clock(best.time_s)}."


def notices_of(history: AssetHistory, taken: WriteBack | None, chosen_by: str) -> list[ProgressLine]:
    """List what is out of the ordinary; `chosen_by` is the name that the page gives to who chose."""
    asset = history.asset
    if asset.erased_at:
        ago = format_age(history.now - asset.erased_at)
        says = f"All of this video was erased {ago} ago. It comes back if its platform announces it anew."
        return [ProgressLine(Tone.BAD, says)]
    if asset.deleted_at:
        ago = format_age(history.now - asset.deleted_at)
        says = f"The video was deleted at {platform_label(asset)} {ago} ago. Nothing can be chosen for it."
        return [ProgressLine(Tone.BAD, says)]
    return [
        *_foreign(history),
        *_lost(history, chosen_by),
        *_without_picks(history),
        *_flagged(history, taken),
        *_noted(asset, taken),
    ]


def _foreign(history: AssetHistory) -> Iterator[ProgressLine]:
    asset = history.asset
    if asset.foreign_thumbnail is None:
        return
    yield ProgressLine(
        Tone.WAITING,
        f"{platform_label(asset)} shows another thumbnail, which somebody set there. We leave it alone until "
        "you choose one here.",
        asset.foreign_at,
    )


def _lost(history: AssetHistory, chosen_by: str) -> Iterator[ProgressLine]:
    choice = history.choice
    if choice is None or not choice.lost_at:
        return
    yield ProgressLine(
        Tone.WAITING,
        f"An edit cut away the moment that {printable(chosen_by)} chose, so the best pick is shown. "
        "Choose another moment, or release the choice.",
        choice.lost_at,
    )


def _without_picks(history: AssetHistory) -> Iterator[ProgressLine]:
    if history.thumbnails:
        return
    newest = history.jobs[0].job if history.jobs else None
    if newest is None:
        yield ProgressLine(
            Tone.WAITING,
            "Nobody has looked at this video yet. “Look again” starts it.",
        )
    elif newest.state == JobState.COMPLETED:
        why = f" ({printable(newest.note)})" if newest.note else ""
        yield ProgressLine(
            Tone.WAITING, f"The video was looked at, and nothing was picked{why}. Choose a time yourself."
        )
    elif newest.state not in _SETTLED:
        yield ProgressLine(
            Tone.BUSY, "There are no picks yet. A time that you choose now is shown once they are there."
        )


def _flagged(history: AssetHistory, taken: WriteBack | None) -> Iterator[ProgressLine]:
    shown = history.shown
    if shown is not None and shown.rank == choices.CHOSEN_RANK and UNSAFE in shown.reasons:
        yield ProgressLine(
            Tone.WAITING, "The chosen picture is flagged as unsafe. It is written, since a person chose it."
        )
    if not history.asset.is_flagged:
        return
    own = "a frame" if taken is WriteBack.TIME else "a frame, or a picture of your own"
    says = "Every pick of this video is flagged as unsafe."
    if history.is_held:
        says += f" Choose {own} to have it written; until then, what the platform shows already stays."
    yield ProgressLine(Tone.WAITING, says)


def _noted(asset: Asset, taken: WriteBack | None) -> Iterator[ProgressLine]:
    if asset.is_noted:
        own = "" if taken is WriteBack.TIME else " A picture of your own may be better."
        yield ProgressLine(Tone.WAITING, f"No frame of this video is free of defects.{own}")
