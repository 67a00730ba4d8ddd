"""What `thumbs show` says of pictures: what is shown, where they are, and what else can be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from worker.admin.find import asset_name
from worker.cli.listing import Listing
from worker.database.states import PublicationState
from worker.platforms.base import WriteBack
from worker.text import clock, fault_words, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from worker.admin.asset_history import AssetHistory
    from worker.database.models import Thumbnail

LISTED_FRAMES = 10  # unless all are asked for; the best come first

_TAKEN = {
    WriteBack.TIME: "the platform takes a moment of the video: `thumbs choose` with --time or --candidate",
    WriteBack.IMAGE: "the platform takes a picture: `thumbs choose` with --time, --candidate or --image",
    WriteBack.URL: "the platform fetches our picture: `thumbs choose` with --time, --candidate or --image",
    WriteBack.NONE: "no platform shows it, we serve the picture: `thumbs choose` with --time, --candidate or"
    " --image",
}


def shown_lines(history: AssetHistory, taken: WriteBack | None) -> Iterator[Text]:
    """Say what is to be seen at the platform, and what can be chosen instead."""
    asset, shown = history.asset, history.shown
    if asset.deleted_at or asset.erased_at:
        return
    if asset.foreign_thumbnail:
        yield Text(f"shown: {printable(asset.foreign_thumbnail)}, which somebody else set", "bold yellow")
    elif shown is not None:
        choice = history.choice
        is_chosen = choice is not None and shown.id == choice.thumbnail_id
        is_own = choice is not None and is_chosen and choice.time_s is None
        is_best = shown.id == history.thumbnails[0].id if history.thumbnails else True
        why = "chosen by a person" if is_chosen else "the best pick" if is_best else "kept by its test"
        what = "a picture of their own" if is_own else clock(shown.time_s)
        publication = history.publication
        is_done = publication is not None and publication.state == PublicationState.CONFIRMED
        if history.is_held:
            yield Text(f"held: {what}, {why}, is flagged as unsafe and waits for a person", "bold yellow")
        else:
            yield Text(f"{'shown' if is_done else 'to be shown'}: {what}, {why}", "bold")
    if taken in _TAKEN:
        yield Text(_TAKEN[taken], "dim")


def picture_lines(history: AssetHistory, url: Callable[[Thumbnail], str]) -> Iterator[Text]:
    """List the addresses of the pictures: what is shown comes first, then the picks by rank and ratio.

    A line each, because an address that a table folds can neither be clicked nor copied.
    """
    shown = history.shown
    if shown is not None:
        yield Text(f"{'held' if history.is_held else 'shown':<9} {url(shown)}", "bold")
    for pick in history.thumbnails:
        yield Text(f"{pick.rank:<3} {pick.aspect:<5} {url(pick)}")


def frame_parts(history: AssetHistory, *, is_every_frame: bool) -> list[RenderableType]:
    """List the frames that were not picked, by the numbers that `thumbs choose --candidate` takes."""
    ranks = {thumbnail.rank for thumbnail in history.thumbnails}
    others = [one for one in history.candidates if one.number not in ranks]
    if not others:
        return _gone_frames(history)
    listed = others if is_every_frame else others[:LISTED_FRAMES]
    table = Listing("no.", "time", "score", "says")
    for number, frame in listed:
        score = "" if frame.score is None else f"{frame.score:.2f}"
        table.add_row(str(number), clock(frame.time_s), score, fault_words(frame.lost_because or ""))
    parts: list[RenderableType] = [Text("\nother frames", style="bold"), table]
    name = printable(asset_name(history.asset))
    more = len(others) - len(listed)
    if more:
        parts.append(Text(f"left out: {more} more (--frames lists them)", "dim"))
    parts.append(Text(f"`thumbs choose {name} --candidate NO.` shows one; the picks have their rank", "dim"))
    return parts


def _gone_frames(history: AssetHistory) -> list[RenderableType]:
    """Say that frames are not kept any more, where an asset has picks and none of the frames beside them."""
    if history.candidates or not history.thumbnails:
        return []
    name = printable(asset_name(history.asset))
    says = "the frames of its last run are no longer kept (CANDIDATES_RETENTION_DAYS);"
    remedy = f"`thumbs choose {name} --time` takes any moment, and `thumbs requeue {name}` looks again"
    return [Text(f"\n{says} {remedy}", "dim")]
