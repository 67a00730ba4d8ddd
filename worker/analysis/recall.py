"""What is known of a video before it is looked at: its last run, a person's choice, who has a say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from worker import choices, jobs
from worker.analysis.judge import say_now
from worker.analysis.memory import earlier_picks_of, memory_of
from worker.learning.loading import head_for
from worker.pipeline.judging.verdict import Say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.analysis.analyzer import Analyzer
    from worker.jobs import JobClaim
    from worker.pipeline.earlier_picks import EarlierPick
    from worker.pipeline.earlier_run import Memory
    from worker.pipeline.scoring.learned_head import LearnedHead
    from worker.timeline import Timeline


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


def recall(session: Session, claim: JobClaim, fingerprint: str, worker: Analyzer) -> Known:
    """Read what is known of a job's video.

    Args:
        session: any.
        claim: the right to the job.
        fingerprint: of the video's content now.
        worker: which does the job.
    """
    scorer = worker.models.scorer
    known = jobs.earlier_candidates(session, claim, fingerprint)
    timeline = known and known[0]
    head = head_for(session, scorer.sight, claim.platform, claim.account, scorer.dimensions)
    earlier = jobs.earlier_picks(session, claim.asset_id)
    say = say_now(session, worker.settings, worker.judge_connection, scorer.sight)
    head_id = head.id if head else None
    return Known(
        timeline,
        memory_of(known[1], known[0], scorer.sight, scorer.dimensions) if known else None,
        earlier_picks_of(earlier, timeline, scorer.name, head_id, leads=say is Say.LEAD),
        choices.chosen_moment_s(session, claim.asset_id, timeline),
        head,
        say,
    )
