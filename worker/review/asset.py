"""All that the page of one asset shows, gathered in a number of statements that does not grow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import filterfalse, groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from worker.admin.asset_history import HistoryEntry, folded, read_history
from worker.admin.find import Match
from worker.admin.judge.said import frames_shown
from worker.admin.taken import what_is_taken
from worker.choices import SAME_MOMENT_S
from worker.database.base import MAX_ROW_ID
from worker.database.models import Asset, StoredCandidate
from worker.database.states import PublicationState, Role
from worker.people import audit
from worker.review.filmstrip import chart_of, frames_in_time, scores_by_rank
from worker.review.preview import USUAL_SIZE_PX, read_preview
from worker.review.progress import progress_of, read_account, read_newest_job
from worker.review.seen import read_seen
from worker.review.trials.of_assets import newest_tests
from worker.review.undo import offer_undo
from worker.storage.pictures import FramePlace, frame_size_px
from worker.time_ranges import OPTION_NAMES, TimeRange, ranges_that_apply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.admin.asset_history import AssetHistory, Repeated
    from worker.admin.judge.said import FrameShown
    from worker.database.models import Thumbnail
    from worker.people.roles import Actor
    from worker.platforms.base import WriteBack
    from worker.review.filmstrip import Chart, Frame
    from worker.review.preview import Preview
    from worker.review.progress import AssetProgress
    from worker.review.trials.of_assets import Tested
    from worker.review.undo import Undo
    from worker.settings import Settings

SHOWN_ACTS = 50
RECENT = 8  #: things that happened, which are always shown
# What the rows of choices tell, with more words.
_TOLD_BY_ROWS = frozenset({"choose", "release", "start-test", "stop-test"})
# What people do begins with one of these: a choice, a test, or the way by which an act came.
_OF_PEOPLE = frozenset({"choice", "test", "page", "api", "link", "cli"})
_TOLD_TO_ALL = ("choice ", "write ")  # of `HistoryEntry.what`


class PickCrops(NamedTuple):
    """A pick in each of its ratios, the one to publish first."""

    rank: int
    crops: list[Thumbnail]

    @property
    def first(self) -> Thumbnail:
        """Crop that is published."""
        return self.crops[0]


@dataclass(frozen=True, slots=True)
class AssetView:
    """What the page of an asset shows."""

    actor: Actor  #: who looks
    history: AssetHistory
    progress: AssetProgress
    taken: WriteBack | None  #: what its platform takes; None: its account is not set here
    can_edit: bool  #: whether whoever looks may decide anything
    picks: list[PickCrops]
    frames: list[Frame]  #: in order of time
    judged: list[FrameShown]  #: what a judge was shown of them, in its order
    frame_px: tuple[int, int]  #: width and height of the strip's pictures
    chart: Chart
    ranges: dict[str, list[str]]  #: that apply, by each name in `OPTION_NAMES`
    ranges_of_account: list[str]  #: the names of those that are its account's
    preview: Preview | None  #: the frame that was asked for
    moments: list[Repeated]  #: what happened, the newest first, and whatever people did
    older: list[Repeated]  #: what programs did before that
    undo: Undo | None
    test: Tested | None  #: its newest one

    @property
    def asset(self) -> Asset:
        """Row of the asset."""
        return self.history.asset

    @property
    def is_foreign(self) -> bool:
        """Whether the platform shows what somebody else set there."""
        return self.asset.foreign_thumbnail is not None

    @property
    def foreign_url(self) -> str | None:
        """Address of that thumbnail; None where the platform tells something else of it, or there is none."""
        told = self.asset.foreign_thumbnail or ""
        return told if told.startswith(("https://", "http://")) and told.isprintable() else None

    @property
    def is_chosen(self) -> bool:
        """Whether what is to be seen was chosen by a person."""
        choice, shown = self.history.choice, self.history.shown
        return choice is not None and shown is not None and shown.id == choice.thumbnail_id

    @property
    def has_arrived(self) -> bool:
        """Whether the newest write has arrived, so that what is to be seen is to be seen."""
        write = self.history.publication
        return write is not None and write.state == PublicationState.CONFIRMED

    @property
    def shown_s(self) -> float | None:
        """Moment that is to be seen at the platform; None where it is no moment of the video, or not ours."""
        choice, shown = self.history.choice, self.history.shown
        is_own = self.is_chosen and choice is not None and choice.time_s is None
        is_shown = shown is not None and not (is_own or self.is_foreign or self.history.is_held)
        return shown.time_s if shown is not None and is_shown else None

    @property
    def shown_rank(self) -> int | None:
        """Rank of the pick that shows this moment, chosen or not; None where none does."""
        return next((pick.rank for pick in self.picks if self._is_shown_at(pick.first.time_s)), None)

    @property
    def shown_frame_id(self) -> int | None:
        """Id of the frame nearest to this moment."""
        shown_s = self.shown_s
        if shown_s is None:
            return None
        if self.shown_rank is not None:  # a pick's still may have been taken beside its frame
            return next((frame.id for frame in self.frames if frame.number == self.shown_rank), None)
        near = [(abs(frame.time_s - shown_s), frame.id) for frame in self.frames]
        return next((frame_id for away_s, frame_id in sorted(near)[:1] if away_s <= SAME_MOMENT_S), None)

    def name_of(self, who: str | None) -> str:
        """Return the name of somebody who decided, as far as it is the business of whoever looks."""
        return name_for(self.actor, who or "")

    def _is_shown_at(self, time_s: float) -> bool:
        return self.shown_s is not None and abs(time_s - self.shown_s) <= SAME_MOMENT_S


def find_visible(session: Session, actor: Actor, asset_id: int, *, is_to_lock: bool = False) -> Asset | None:
    """Find an asset that somebody may look at; None where there is none, or they may not."""
    if not 0 < asset_id <= MAX_ROW_ID:
        return None
    # What the session has of it may be older than the lock.
    how = is_to_lock or None
    asset = session.get(Asset, asset_id, with_for_update=how, populate_existing=is_to_lock)
    return asset if asset is not None and actor.may(Role.VIEWER, asset) else None


def find_named(session: Session, actor: Actor, platform: str, account: str, external_id: str) -> int | None:
    """Find the id of an asset by its platform's; None as `find_visible`."""
    names = {"platform": platform, "account": account, "external_id": external_id}
    asset = session.scalar(select(Asset).filter_by(**names))
    return asset.id if asset is not None and actor.may(Role.VIEWER, asset) else None


def read_asset(
    session: Session, actor: Actor, asset_id: int, settings: Settings, frame_id: int | None = None
) -> AssetView | None:
    """Gather what the page of an asset shows; None as `find_visible`.

    Args:
        session: any.
        actor: who looks.
        asset_id: of the asset.
        settings: of its account.
        frame_id: the candidate that is looked at closely.
    """
    asset = find_visible(session, actor, asset_id)
    if asset is None:
        return None
    history = read_history(
        session,
        Match(asset.id, None),
        has_picks_url=settings.picks_url is not None,
        has_pictures_url=settings.pictures_url is not None,
        is_news=True,
    )
    frames = frames_in_time(history.candidates, scores_by_rank(history.thumbnails))
    moments, older = _parted(_moments(session, actor, history))
    job, seen = read_newest_job(session, asset), read_seen(session, asset)
    account = read_account(session, asset)
    can_edit = actor.may(Role.EDITOR, asset)
    own = asset.options or {}
    applying = ranges_that_apply(own, getattr(settings, asset.platform, {}).get(asset.account))
    ranges = {name: applying.get(name, []) for name in OPTION_NAMES}
    return AssetView(
        actor=actor,
        history=history,
        progress=progress_of(asset, account, job, history.publication, seen, history.now),
        taken=what_is_taken(asset, settings),
        can_edit=can_edit,
        picks=[PickCrops(rank, list(crops)) for rank, crops in groupby(history.thumbnails, _rank)],
        frames=frames,
        judged=frames_shown(history.candidates, (pick.rank for pick in history.thumbnails)),
        frame_px=_frame_size_px(session, frames),
        chart=chart_of(
            frames, asset.duration_s or 0.0, *(_spans(asset, ranges[name]) for name in OPTION_NAMES)
        ),
        ranges=ranges,
        ranges_of_account=[name for name in OPTION_NAMES if ranges[name] and not own.get(name)],
        preview=None if frame_id is None else read_preview(session, asset, frame_id),
        moments=moments,
        older=older,
        undo=offer_undo(session, asset, actor.name, history.now) if can_edit else None,
        test=newest_tests(session, [asset.id]).get(asset.id),
    )


def _rank(thumbnail: Thumbnail) -> int:
    return thumbnail.rank


def _frame_size_px(session: Session, frames: Sequence[Frame]) -> tuple[int, int]:
    """Read the size of the strip's pictures from one of them: they are all of one video."""
    if not frames:
        return USUAL_SIZE_PX
    place = select(StoredCandidate.jpeg, StoredCandidate.bundle).where(StoredCandidate.id == frames[0].id)
    row = session.execute(place).one_or_none()
    return (row and frame_size_px(FramePlace(*row))) or USUAL_SIZE_PX


def _spans(asset: Asset, ranges: list[str]) -> list[tuple[float, float]]:
    """List ranges as seconds from and to; none before the length of the video is known."""
    length_s = asset.duration_s
    if not length_s:
        return []
    return [(one.start.at_s(length_s), one.end.at_s(length_s)) for one in map(TimeRange.parse, ranges)]


def name_for(actor: Actor, who: str) -> str:
    """Return a name; whoever came by a link may be from outside, and learns no other's address."""
    return who if actor.asset_id is None or who in {"", actor.name} else "an editor"


def _moments(session: Session, actor: Actor, history: AssetHistory) -> list[Repeated]:
    """List what happened, the newest first; who came by a link sees choices, writes and their own acts."""
    acts = [
        HistoryEntry(entry.at, entry.via, entry.act.replace("-", " "), entry.who, _words(entry.detail))
        for entry in audit.of_asset(session, history.asset.id, SHOWN_ACTS)
        if entry.act not in _TOLD_BY_ROWS
    ]
    in_order = sorted([*history.timeline, *acts], key=lambda moment: moment.at)
    if actor.asset_id is not None:
        in_order = [
            moment._replace(who=name_for(actor, moment.who))
            for moment in in_order
            if moment.what.startswith(_TOLD_TO_ALL) or moment.who == actor.name
        ]
    return folded(in_order)[::-1]


def _parted(moments: Sequence[Repeated]) -> tuple[list[Repeated], list[Repeated]]:
    """Part what is always shown from what programs did before that."""
    later = moments[RECENT:]
    shown = [*moments[:RECENT], *filter(_is_of_people, later)]
    return shown, list(filterfalse(_is_of_people, later))


def _is_of_people(moment: Repeated) -> bool:
    return moment.first.what.partition(" ")[0] in _OF_PEOPLE


def _words(detail: dict[str, Any]) -> str:
    """Write down what an act was noted with, as it is stored."""
    return "; ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in detail.items()
        if value
    )
