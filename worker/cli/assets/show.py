"""`thumbs show`: all about one asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.asset_history import read_history, told
from worker.admin.find import asset_name, find
from worker.admin.judge.history import read_judge
from worker.admin.judge.said import judged_document, tied_places
from worker.admin.taken import was_left_to_us, what_is_taken
from worker.cli.assets.frames import frame_parts, picture_lines, shown_lines
from worker.cli.assets.judge import judge_document, judge_parts
from worker.cli.assets.timeline import timeline_table
from worker.cli.database import open_database
from worker.cli.jobs import JOB_FIELDS, job_news
from worker.cli.listing import Listing
from worker.cli.output import coloured, fields_of, print_answer
from worker.cli.parameters import json_option
from worker.cli.trials.show import TRIAL_FIELDS, trial_line
from worker.database import transaction
from worker.settings import get_settings
from worker.storage.links import ThumbnailLinks
from worker.text import clock, format_age, printable, reason_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from worker.admin.asset_history import AssetHistory
    from worker.admin.judge.history import JudgeHistory
    from worker.database.choices import Choice
    from worker.database.models import Asset, Publication, Thumbnail
    from worker.platforms.base import WriteBack

# Attributes of the rows, under which names the JSON document has them: fields may be added, none renamed.
_ASSET_FIELDS = (
    "title media_url source_external_id generation published_generation fingerprint duration_s is_private"
    " is_flagged is_held written foreign_thumbnail foreign_at options last_event_at deleted_at erased_at"
    " created_at"
)
_PICK_FIELDS = (
    "rank aspect time_s score parts reasons width_px height_px sha256 model generation hand_score head_id"
)
_SHOWN_FIELDS = "rank aspect time_s width_px height_px sha256"
_CANDIDATE_FIELDS = "id time_s shot score lost_because"
_PUBLICATION_FIELDS = "state generation attempt scheduled_at confirmed_at shown error_class error trace_id"
_LOG_FIELDS = "at state attempt actor note"
CHOICE_FIELDS = "kind time_s generation who why made_at note lost_at released_at released_by released_because"


@click.command()
@click.argument("name", metavar="ASSET|JOB")
@click.option("--frames", "is_every_frame", is_flag=True, help="List every frame that can be chosen.")
@click.option("--judge", "is_whole_verdict", is_flag=True, help="Show how a judge came to its verdict.")
@json_option
def show_command(name: str, *, is_every_frame: bool, is_whole_verdict: bool, as_json: bool) -> None:
    """Show everything about one asset or one job.

    An asset is written as mux/main/ASSETID, as its id or the start of it, as its title, or as the address of
    a thumbnail; a job is a number.
    """
    settings = get_settings()
    with open_database() as engine, transaction(engine) as session:
        history = read_history(
            session,
            find(session, name),
            has_picks_url=settings.picks_url is not None,
            has_pictures_url=settings.pictures_url is not None,
        )
        judge = read_judge(session, history)
    taken, links = what_is_taken(history.asset, settings), ThumbnailLinks.of(settings)

    def url(thumbnail: Thumbnail) -> str:
        return links.url(thumbnail.sha256, is_private=history.asset.is_private)

    parts = _parts(history, taken, url)
    parts += frame_parts(history, is_every_frame=is_every_frame)
    parts += judge_parts(judge, history.now, is_whole=is_whole_verdict)
    if history.timeline:
        parts += [Text("\ntimeline", style="bold"), timeline_table(history.timeline, history.now)]
    print_answer(_document(history, judge, taken, url), parts, as_json=as_json)


def _document(
    history: AssetHistory, judge: JudgeHistory, taken: WriteBack | None, url: Callable[[Thumbnail], str]
) -> dict[str, Any]:
    choice, publication, shown = history.choice, history.publication, history.shown
    tied = tied_places(history.candidates)
    return {
        "asset": asset_name(history.asset),
        "page": _page(history.asset),
        **fields_of(history.asset, _ASSET_FIELDS),
        "accepts": taken,
        "shown": fields_of(shown, _SHOWN_FIELDS) | {"url": url(shown)} if shown else None,
        "picks": [
            fields_of(pick, _PICK_FIELDS) | {"by_judge": judged_document(pick, tied), "url": url(pick)}
            for pick in history.thumbnails
        ],
        "candidates": [
            {"number": number}
            | fields_of(candidate, _CANDIDATE_FIELDS)
            | {"by_judge": judged_document(candidate, tied)}
            for number, candidate in history.candidates
        ],
        "judge": judge_document(judge),
        "choice": fields_of(choice, CHOICE_FIELDS) if choice else None,
        "publication": fields_of(publication, _PUBLICATION_FIELDS) if publication else None,
        "test": fields_of(history.trial, TRIAL_FIELDS) if history.trial else None,
        "untested_because": history.asset.untested_because,
        "jobs": [
            fields_of(job, JOB_FIELDS) | {"log": [fields_of(line, _LOG_FIELDS) for line in log]}
            for job, log in history.jobs
        ],
        "timeline": [moment._asdict() for moment in history.timeline],
    }


def _parts(
    history: AssetHistory,
    taken: WriteBack | None,
    url: Callable[[Thumbnail], str],
) -> list[RenderableType]:
    """Show what the asset is, what is shown of it, and what was picked."""
    parts: list[RenderableType] = [*_heading(history), *shown_lines(history, taken), *_present(history)]
    if history.thumbnails:
        parts += [Text("\npicks", style="bold"), _picks(history.thumbnails)]
    if history.shown or history.thumbnails:
        parts += [Text("\npictures", style="bold"), *picture_lines(history, url)]
    return parts


def _heading(history: AssetHistory) -> list[Text]:
    asset = history.asset
    facts = []
    if not asset.erased_at:
        facts.append(f"generation {asset.generation}, published {asset.published_generation}")
    if asset.duration_s is not None:
        facts.append(f"duration {clock(asset.duration_s)}")
    if asset.source_external_id:
        facts.append(f"cut from {printable(asset.source_external_id)}")
    return [
        Text.assemble((printable(asset_name(asset)), "bold"), "  ", printable(asset.title)),
        *([Text("; ".join(facts))] if facts else []),
        *([Text(page)] if (page := _page(asset)) else []),
    ]


def _page(asset: Asset) -> str | None:
    """Build the address of the asset's page, where there are pages: of a fleet, or of `thumbs up` here."""
    settings = get_settings()
    # Without an address of a database, it is that of a `thumbs up` on this machine.
    has_pages = settings.has_pages or (settings.database_url is None and settings.review_port)
    if not has_pages or asset.erased_at:
        return None
    return settings.page_of(asset.platform, asset.account, asset.external_id)


def _present(history: AssetHistory) -> Iterator[Text]:
    """Say what holds now, a line each: choice, options, what the platform shows, the write, the jobs."""
    asset, now = history.asset, history.now
    yield from _end(history)
    if history.choice is not None:
        yield from _choice(history.choice)
    for name, texts in (asset.options or {}).items():
        yield Text(f"{name}: {', '.join(texts)}")
    if asset.foreign_thumbnail:
        since = f" for {format_age(now - asset.foreign_at)}" if asset.foreign_at else ""
        shown = printable(asset.foreign_thumbnail)
        yield Text(f"somebody else set {shown} at the platform; it stays, known{since}", "yellow")
    elif asset.written:
        yield Text(f"we last wrote {printable(asset.written)}")
    if history.trial is not None:
        yield trial_line(history.trial, now)
    elif asset.untested_because:
        yield Text(f"not tested: {printable(asset.untested_because)}", "dim")
    if history.publication is not None:
        yield _publication(history.asset, history.publication)
    for job, _ in history.jobs:
        if news := job_news(job, now):
            about = f" attempt {job.attempt}/{job.max_attempts}: {news}"
            about += f" (trace {job.trace_id})" if job.trace_id else ""
            yield Text.assemble(f"job {job.id} ", coloured(job.state), about)


def _end(history: AssetHistory) -> Iterator[Text]:
    asset, now = history.asset, history.now
    if asset.erased_at:
        yield Text(f"erased {format_age(now - asset.erased_at)} ago: nothing of it is left", style="red")
    elif asset.deleted_at:
        yield Text(f"deleted {format_age(now - asset.deleted_at)} ago", style="red")


def _choice(choice: Choice) -> Iterator[Text]:
    what = "a picture of their own" if choice.time_s is None else clock(choice.time_s)
    yield Text(f"chosen by {printable(choice.who)}: {what}", style="magenta")
    if choice.lost_at:
        yield Text("the chosen moment was lost, so the best pick is shown", style="yellow")
    if choice.note:
        yield Text(choice.note)


def _publication(asset: Asset, publication: Publication) -> Text:
    line = Text.assemble(f"write {publication.id} ", coloured(publication.state))
    line.append(f" generation {publication.generation}, attempt {publication.attempt}")
    if was_left_to_us(asset, publication):
        settings = get_settings()
        has_picks_url, has_pictures_url = settings.picks_url is not None, settings.pictures_url is not None
        line.append(f": {told(has_picks_url=has_picks_url, has_pictures_url=has_pictures_url)}")
    if publication.error and not publication.confirmed_at:
        line.append(f": {publication.error_class}: {printable(publication.error)}")
    return line


def _picks(thumbnails: Sequence[Thumbnail]) -> Table:
    table = Listing("rank", "time", "score", "ratio", "size", "reasons")
    for thumbnail in thumbnails:
        table.add_row(
            str(thumbnail.rank),
            clock(thumbnail.time_s),
            f"{thumbnail.score:.2f}",
            thumbnail.aspect,
            f"{thumbnail.width_px}x{thumbnail.height_px}",
            ", ".join(reason_words(str(reason)) for reason in thumbnail.reasons),
        )
    return table
