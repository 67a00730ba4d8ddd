"""What `thumbs show` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from worker.admin.assets import name_of, picture_url
from worker.cli.tables import age, says, state, table
from worker.text import clock, printable, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from worker.admin.asset_history import Moment, Sheet
    from worker.database.models import Publication, Thumbnail


def of_sheet(sheet: Sheet, public_url: str) -> list[RenderableType]:
    """Show all about one asset: what it is, what is shown, what was picked, and how it came to that."""
    parts: list[RenderableType] = [*_heading(sheet), *_standing(sheet)]
    if sheet.thumbnails:
        parts += [Text("\npicks", style="bold"), _picks(sheet.thumbnails), Text("\npictures", style="bold")]
        # A line each, because an address that a table folds can neither be clicked nor copied.
        parts += [Text(picture_url(thumbnail, public_url)) for thumbnail in sheet.thumbnails]
    if sheet.timeline:
        parts += [Text("\ntimeline", style="bold"), _timeline(sheet.timeline, sheet)]
    return parts


def _heading(sheet: Sheet) -> list[Text]:
    asset = sheet.asset
    facts = [f"generation {asset.generation}, published {asset.published_generation}"]
    if asset.duration_s is not None:
        facts.append(clock(asset.duration_s))
    if asset.source_external_id:
        facts.append(f"cut from {printable(asset.source_external_id)}")
    return [
        Text.assemble((printable(name_of(asset)), "bold"), "  ", printable(asset.title)),
        Text("; ".join(facts)),
    ]


def _standing(sheet: Sheet) -> list[Text]:
    """What holds at present, a line each."""
    asset, choice = sheet.asset, sheet.choice
    lines = []
    if asset.deleted_at:
        lines.append(Text(f"deleted {age(sheet.now - asset.deleted_at)} ago", style="red"))
    if choice is not None:
        what = "a picture of their own" if choice.time_s is None else clock(choice.time_s)
        lines.append(Text(f"chosen by {printable(choice.who)}: {what}", style="magenta"))
        if choice.lost_at:
            lines.append(Text("the chosen moment was lost, so the best pick is shown", style="yellow"))
        if choice.note:
            lines.append(Text(choice.note))
    for name, texts in (asset.options or {}).items():
        lines.append(Text(f"{name}: {', '.join(texts)}"))
    if asset.foreign_thumbnail:
        since = f" for {age(sheet.now - asset.foreign_at)}" if asset.foreign_at else ""
        shown = printable(asset.foreign_thumbnail)
        lines.append(Text(f"somebody else set {shown} at the platform; it stays, known{since}", "yellow"))
    elif asset.written:
        lines.append(Text(f"the platform shows {printable(asset.written)}"))
    if sheet.publication is not None:
        lines.append(_publication(sheet.publication))
    lines += [
        Text.assemble(
            f"job {job.id} ", state(job.state), f" attempt {job.attempt}/{job.max_attempts}: {said}"
        )
        for job, _ in sheet.histories
        if (said := says(job, sheet.now))
    ]
    return lines


def _publication(publication: Publication) -> Text:
    line = Text.assemble(f"write {publication.id} ", state(publication.state))
    line.append(f" generation {publication.generation}, attempt {publication.attempt}")
    if publication.error and not publication.confirmed_at:
        line.append(f": {publication.error_class}: {printable(publication.error)}")
    return line


def _picks(thumbnails: Sequence[Thumbnail]) -> Table:
    lines = table("rank", "time", "score", "ratio", "size", "reasons")
    for thumbnail in thumbnails:
        lines.add_row(
            str(thumbnail.rank),
            clock(thumbnail.time_s),
            f"{thumbnail.score:.2f}",
            thumbnail.aspect,
            f"{thumbnail.width_px}x{thumbnail.height_px}",
            ", ".join(words(str(reason)) for reason in thumbnail.reasons),
        )
    return lines


def _timeline(timeline: Sequence[Moment], sheet: Sheet) -> Table:
    lines = table("ago", "what", "state", "who", "says")
    for moment in timeline:
        about = (age(sheet.now - moment.at), moment.what, state(moment.state), printable(moment.who))
        lines.add_row(*about, printable(moment.says))
    return lines
