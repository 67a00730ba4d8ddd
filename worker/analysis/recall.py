"""What is known of a video before it is looked at: its last run, a person's choice, who has a say."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from worker import choices, jobs
from worker.analysis.judge import say_now
from worker.analysis.memory import earlier_picks_of, memory_of
from worker.errors import BucketUnavailable, PictureLost
from worker.learning.loading import head_for
from worker.pipeline.judging.verdict import Say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.analysis.analyzer import Analyzer
    from worker.database.models import StoredCandidate
    from worker.jobs import JobClaim
    from worker.pipeline.earlier_picks import EarlierPick
    from worker.pipeline.earlier_run import Memory
    from worker.pipeline.scoring.clip_scorer import ClipScorer
    from worker.pipeline.scoring.learned_head import LearnedHead
    from worker.storage.pictures import Pictures
    from worker.timeline import Timeline

log = logging.getLogger(__name__)


class Known(NamedTuple):
    """What a job knows of a video before it analyses it anew, as far as it is still true."""

    timeline: Timeline | None  #: what was done to it since the last run
    memory: Memory | None  #: what that run saw
    picks: Sequence[EarlierPick]  #: what it picked, best first
    chosen_s: float | None  #: the moment that a person chose
    head: LearnedHead | None  #: what the account's viewers like
    say: Say  #: how much a judge may decide

    @property
    def tested_head(self) -> LearnedHead | None:
        """The head whose picks new videos may test; None where a judge leads, who overrules it."""
        return None if self.say is Say.LEAD else self.head


class RecalledRows(NamedTuple):
    """The rows that tell what is known; their pictures may still be in the bucket."""

    timeline: Timeline | None
    seen: Sequence[StoredCandidate]  #: of the last run, where they are of use
    picks: Sequence[StoredCandidate]  #: of the newest run, best first
    chosen_s: float | None
    head: LearnedHead | None
    say: Say


def recall(rows: RecalledRows, scorer: ClipScorer, pictures: Pictures) -> Known:
    """Tell what is known of a job's video, from its rows and the pictures that they show.

    A picture that cannot be had is not waited for: then the whole video is looked at, as a new one is.
    """
    try:
        pictures.fill((*rows.seen, *rows.picks))
    except (BucketUnavailable, PictureLost) as exc:
        log.warning("what an earlier run saw is not used: %s", exc)
    head_id = rows.head.id if rows.head else None
    is_leading = rows.say is Say.LEAD
    seen = rows.timeline and memory_of(rows.seen, rows.timeline, scorer.sight, scorer.dimensions)
    return Known(
        rows.timeline,
        seen or None,
        earlier_picks_of(rows.picks, rows.timeline, scorer.name, head_id, leads=is_leading),
        rows.chosen_s,
        rows.head,
        rows.say,
    )


def read_rows(session: Session, claim: JobClaim, fingerprint: str, worker: Analyzer) -> RecalledRows:
    """Read the rows of what is known of a job's video.

    Args:
        session: any.
        claim: the right to the job.
        fingerprint: of the video's content now.
        worker: which does the job.
    """
    scorer = worker.models.scorer
    timeline, seen = jobs.earlier_candidates(session, claim, fingerprint) or (None, [])
    return RecalledRows(
        timeline,
        seen,
        jobs.earlier_picks(session, claim.asset_id),
        choices.chosen_moment_s(session, claim.asset_id, timeline),
        head_for(session, scorer.sight, claim.platform, claim.account, scorer.dimensions),
        say_now(session, worker.settings, worker.judge_connection, scorer.sight),
    )
