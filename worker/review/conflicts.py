"""Two decisions about one asset that meet: what a person wanted, and what holds by now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from worker import choices, trials
from worker.admin.choose import Wish, request_of
from worker.choices import SAME_MOMENT_S, ChoiceRefused
from worker.database.choices import Choice
from worker.database.models import StoredCandidate, Thumbnail
from worker.database.states import ChoiceKind
from worker.errors import ThumbsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.choices import ChoiceRequest
    from worker.database.models import Asset
    from worker.database.people import AuditEntry
    from worker.review.seen import Seen

_SAME_S = 0.0015  # moments cross a form as they are printed, rounded up to milliseconds


class PagePicture(NamedTuple):
    """A picture that a page can show: a thumbnail, or a frame of the filmstrip."""

    thumbnail_id: int | None = None
    candidate_id: int | None = None
    time_s: float | None = None  #: media time; None of a person's own picture


class WantedChoice(NamedTuple):
    """What a person asked for."""

    wish: Wish  #: by which it can be asked for once more
    picture: PagePicture | None  #: None where no picture is near
    is_anew: bool = False  #: a moment as a newer run found it, which may not be what the person saw there


class Holding(NamedTuple):
    """What is shown by now, and because of whom."""

    how: str  #: "chosen", "released" (so the best pick is shown), or "picked" by a newer run
    picture: PagePicture | None  #: None: nothing is
    who: str | None  #: None: a run
    at: datetime | None


class Conflict(ThumbsError):
    """Somebody else decided meanwhile, or a newer run has other pictures. Nothing was changed."""

    def __init__(self, act: str, wanted: WantedChoice | None, holding: Holding, seen: Seen) -> None:
        super().__init__("this was decided anew since you opened the page; look at both, and decide again")
        self.act = act  #: "choose", "release" or "confirm"
        self.wanted = wanted  #: None: the frame is gone with its run, or there is no picture to it
        self.holding = holding
        self.seen = seen  #: what a form that insists has to send


class RangesConflict(ThumbsError):
    """Somebody else set other parts of the video meanwhile. Nothing was changed."""

    def __init__(
        self, wanted: Mapping[str, list[str]], holding: Mapping[str, list[str]], entry: AuditEntry | None
    ) -> None:
        super().__init__("the parts of the video were set anew since you opened the page; decide again")
        self.wanted = wanted
        self.holding = holding
        self.who = entry and entry.who  #: None: the settings of the account changed
        self.at = entry and entry.at


def is_chosen(session: Session, asset: Asset, wish: Wish) -> bool:
    """Tell whether the open choice is what is wished: a form that was sent twice, or two people who agree."""
    choice = choices.open_choice(session, asset)
    if choice is None or choice.lost_at:
        return False
    try:
        request = request_of(session, asset, wish)
        time_s = _moment_s(session, asset, request)
    except ChoiceRefused:
        return False
    if request.picture is None:
        return None not in {time_s, choice.time_s} and abs((time_s or 0) - (choice.time_s or 0)) <= _SAME_S
    shown = select(Thumbnail.sha256).where(Thumbnail.id == choice.thumbnail_id)
    return choice.kind == ChoiceKind.IMAGE and session.scalar(shown) == request.picture.sha256


def wanted_choice(session: Session, asset: Asset, wish: Wish, seen: Seen) -> WantedChoice | None:
    """Find a picture of what is wished; None where it is gone with the run that it was of.

    Of a picture of an earlier run, that is what the video has at its moment now.
    """
    if wish.thumbnail_id is not None:
        earlier_s = choices.earlier_moment_s(session, asset, wish.thumbnail_id)
        wish = wish if earlier_s is None else Wish(time_s=earlier_s)
    try:
        request = request_of(session, asset, wish)
        time_s = _moment_s(session, asset, request)
    except ChoiceRefused:
        return None
    if wish.thumbnail_id is not None or time_s is None:
        return WantedChoice(wish, PagePicture(thumbnail_id=wish.thumbnail_id, time_s=time_s))
    if asset.duration_s is not None and time_s >= asset.duration_s:
        return None
    is_anew = seen.generation != choices.newest_generation(session, asset)
    return WantedChoice(wish, _nearest(session, asset, time_s), is_anew)


def holding(session: Session, asset: Asset) -> Holding:
    """Say what is shown now, and who decided it last."""
    choice = choices.open_choice(session, asset)
    if choice is not None and not choice.lost_at:
        return Holding("chosen", _chosen(session, asset, choice), choice.who, choice.made_at)
    best = session.execute(
        select(Thumbnail.id, Thumbnail.time_s, Thumbnail.created_at)
        .where(*choices.is_newest_pick(asset))
        .order_by(Thumbnail.rank, Thumbnail.id)
        .limit(1)
    ).first()
    shown = trials.kept_picture(session, asset) or best
    picture = None if shown is None else PagePicture(thumbnail_id=shown.id, time_s=shown.time_s)
    picked_at = None if best is None else best.created_at
    ended = session.scalar(
        select(Choice)
        .where(Choice.asset_id == asset.id, Choice.released_at.is_not(None))
        .order_by(Choice.released_at.desc())
        .limit(1)
    )
    if choice is None and ended is not None and (picked_at is None or ended.released_at > picked_at):
        return Holding("released", picture, ended.released_by, ended.released_at)
    return Holding("picked", picture, None, picked_at)


def _chosen(session: Session, asset: Asset, choice: Choice) -> PagePicture | None:
    if choice.thumbnail_id is not None:
        return PagePicture(thumbnail_id=choice.thumbnail_id, time_s=choice.time_s)
    return None if choice.time_s is None else _nearest(session, asset, choice.time_s)


def _moment_s(session: Session, asset: Asset, request: ChoiceRequest) -> float | None:
    """Find the moment that is asked for; None of an own picture.

    Raises:
        ChoiceRefused: the frame is gone.
    """
    if request.candidate_id is None:
        return request.time_s
    candidate = session.get(StoredCandidate, request.candidate_id)
    if candidate is None or candidate.asset_id != asset.id:
        raise ChoiceRefused("the frame is of an earlier run, and is no longer stored")
    return candidate.time_s


def _nearest(session: Session, asset: Asset, time_s: float) -> PagePicture | None:
    """Find the picture nearest to a moment: a pick's, where it shows the very moment, or a frame's."""
    near = (
        select(of.id, of.time_s).where(*conditions).order_by(func.abs(of.time_s - time_s), of.id).limit(1)
        for of, conditions in (
            (Thumbnail, choices.is_newest_pick(asset)),
            (StoredCandidate, (StoredCandidate.asset_id == asset.id,)),
        )
    )
    pick, frame = (session.execute(statement).first() for statement in near)
    if pick is not None and (frame is None or abs(pick.time_s - time_s) <= SAME_MOMENT_S):
        return PagePicture(thumbnail_id=pick.id, time_s=time_s)
    return None if frame is None else PagePicture(candidate_id=frame.id, time_s=time_s)
