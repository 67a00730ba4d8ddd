"""Read what is learned from out of the database, a page at a time, however much there is.

Each page is a short statement of its own, so neither memory nor a long transaction grows with the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, exists, func, or_, select, union_all

from worker.database import transaction
from worker.database.choices import Judgement
from worker.database.models import Asset, StoredCandidate
from worker.database.states import TrialKind, TrialMetric, TrialOutcome
from worker.database.trials import Trial, TrialCount, Variant
from worker.learning.training.stored_rows import choices_of, frames_of, most_common, tests_of
from worker.pictures.embeddings import HEAD_BYTES, count_dimensions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Engine

    from worker.learning.training.examples import Choices, Frames, Tests
    from worker.learning.training.stored_rows import StoredFrames

_TESTS_AT_ONCE = 250
_PAIRS_AT_ONCE = 2_000
_KNOWN_EMBEDDINGS = 100  # are looked at, to know how long one is
_SAMPLED_VIDEOS = 512  # whose frames say in which directions frames differ


@dataclass(frozen=True)
class Stored:
    """The examples in a database that one model has measured.

    Args:
        engine: the database.
        model: with its files and its way to look, as of thumbnails.
        since: only tests that began, and choices that were made, from then on; None: all.
        last_trial_id: only tests up to this one, so that a head is judged on what it was trained on.
        last_judgement_id: only choices up to this one.
    """

    engine: Engine
    model: str
    since: datetime | None = None
    last_trial_id: int | None = None
    last_judgement_id: int | None = None

    def frames(self) -> Iterator[Frames]:
        """Read the stored frames of some videos, evenly spread over all."""
        for video in self.videos():
            if len(video.rows) > 1:
                yield video.frames

    def videos(self, most: int = _SAMPLED_VIDEOS) -> Iterator[StoredFrames]:
        """Read some videos, evenly spread over all, of which a frame is stored: at most so many."""
        for asset_id in self.sampled(most):
            with transaction(self.engine) as session:
                rows = session.execute(_stored_frames(asset_id, self.model)).all()
            found = frames_of(rows, self._dimensions)
            if found is not None:
                yield found

    def sampled(self, most: int = _SAMPLED_VIDEOS) -> list[int]:
        """Find videos whose frames are read: at most so many, evenly spread over the ids of all."""
        with transaction(self.engine) as session:
            first, last = session.execute(select(func.min(Asset.id), func.max(Asset.id))).one()
            if first is None:
                return []
            step = -(-(last - first + 1) // most)  # rounded up, so that the newest are among them
            series = func.generate_series(first, last, step, type_=BigInteger)
            points = series.table_valued("point").render_derived("points")
            next_id = select(Asset.id).where(Asset.id >= points.c.point).order_by(Asset.id).limit(1)
            ids = session.scalars(select(next_id.correlate(points).scalar_subquery()).select_from(points))
            return sorted({found for found in ids if found is not None})

    def tests(self) -> Iterator[Tests]:
        """Read the tests whose variants this model has measured, and that told something."""
        last = 0
        while True:
            with transaction(self.engine) as session:
                rows = session.execute(self._page_of_tests(last)).all()
            if not rows:
                return
            last = rows[-1].id
            page = tests_of(rows, self.model, self._dimensions)
            if page is not None:
                yield page

    def choices(self) -> Iterator[Choices]:
        """Read what people chose, and what they could have had."""
        last = 0
        while True:
            with transaction(self.engine) as session:
                rows = session.execute(self._page_of_choices(last)).all()
            if not rows:
                return
            last = rows[-1].id
            yield from choices_of(rows, self._dimensions)

    @cached_property
    def _dimensions(self) -> int | None:
        """The dimensions of an embedding: most have them; others are damaged. None where none is known."""
        newest = union_all(
            *(
                select(func.substr(column, 1, HEAD_BYTES), func.length(column))
                .where(of.model == self.model, column.is_not(None))
                .order_by(of.id.desc())
                .limit(_KNOWN_EMBEDDINGS)
                for of, column in ((Variant, Variant.embedding), (Judgement, Judgement.chosen_embedding))
            )
        )
        with transaction(self.engine) as session:
            return most_common(starmap(count_dimensions, session.execute(newest)))

    def _page_of_tests(self, after_id: int) -> Any:
        page = (
            select(Trial.id, Trial.asset_id, Trial.started_at, Asset.platform, Asset.account)
            .join(Asset, Asset.id == Trial.asset_id)
            .where(Trial.id > after_id, *self._of_tests())
            .order_by(Trial.id)
            .limit(_TESTS_AT_ONCE)
            .cte()
        )
        is_of = (
            TrialCount.trial_id == page.c.id,
            TrialCount.bucket >= Variant.bucket_from,
            TrialCount.bucket < Variant.bucket_to,
        )
        sums = [
            func.coalesce(select(func.sum(column)).where(*is_of).scalar_subquery(), 0)
            for column in (TrialCount.impressions, TrialCount.quality_plays)
        ]
        return (
            select(
                page,
                Variant.model,
                Variant.embedding,
                Variant.hand_score,
                (Variant.bucket_to - Variant.bucket_from).label("buckets"),
                sums[0].label("impressions"),
                sums[1].label("plays"),
            )
            .outerjoin(Variant, Variant.trial_id == page.c.id)
            .order_by(page.c.id, Variant.number)
        )

    def _of_tests(self) -> Iterator[ColumnElement[bool]]:
        yield Trial.kind == TrialKind.VIEWERS
        yield Trial.metric == TrialMetric.PLAYS
        yield or_(Trial.outcome.is_(None), Trial.outcome != TrialOutcome.BROKEN)
        if self.since is not None:
            yield Trial.started_at >= self.since
        if self.last_trial_id is not None:
            yield Trial.id <= self.last_trial_id

    def _page_of_choices(self, after_id: int) -> Any:
        wanted = [
            Judgement.model == self.model,
            Judgement.id > after_id,
            Judgement.chosen_score.is_not(None),
            Judgement.other_score.is_not(None),
        ]
        if self.since is not None:
            wanted.append(Judgement.at >= self.since)
        if self.last_judgement_id is not None:
            wanted.append(Judgement.id <= self.last_judgement_id)
        return (
            select(
                Judgement.id,
                Judgement.at,
                Judgement.asset_id,
                Judgement.choice_id,
                Judgement.chosen_embedding,
                Judgement.other_embedding,
                Judgement.chosen_score,
                Judgement.other_score,
                Asset.platform,
                Asset.account,
            )
            .join(Asset, Asset.id == Judgement.asset_id)
            .where(*wanted)
            .order_by(Judgement.id)
            .limit(_PAIRS_AT_ONCE)
        )


def _stored_frames(asset_id: int, model: str) -> Any:
    """Build the question for the scored frames of a video that this model has measured."""
    return (
        select(
            StoredCandidate.id,
            StoredCandidate.embedding,
            StoredCandidate.score,
            StoredCandidate.parts,
            StoredCandidate.cues,
        )
        .where(
            and_(
                StoredCandidate.asset_id == asset_id,
                StoredCandidate.model == model,
                StoredCandidate.embedding.is_not(None),
                StoredCandidate.score.is_not(None),
            )
        )
        .order_by(StoredCandidate.id)
    )


def newest_model(engine: Engine) -> str | None:
    """Find the model that judges now: that of the newest frames; None where none has judged."""
    with transaction(engine) as session:
        newest = select(StoredCandidate.model).where(StoredCandidate.model.is_not(None))
        return session.scalar(newest.order_by(StoredCandidate.id.desc()).limit(1))


def has_videos(engine: Engine, platform: str, account: str) -> bool:
    """Tell whether an account has any video."""
    with transaction(engine) as session:
        is_there = exists().where(Asset.platform == platform, Asset.account == account)
        return bool(session.scalar(select(is_there)))
