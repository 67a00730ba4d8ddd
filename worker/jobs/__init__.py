"""A job's life. The only place that changes a job's state, always by a conditional UPDATE.

    request ─> scheduled ── due ──> available ── claim ──> running ──> completed, cancelled, superseded
                  ▲ pushed by          ▲                    │  │
                  └ newer requests     ├──── given back ────┘  ├────> discarded
                                       └ due ── retryable <────┘

Every claim takes a lease with a token, and every later write shows that token: a worker that was frozen and
lost its lease changes nothing when it wakes. Locks are taken in one order: asset, then job.
"""

from worker.jobs.cancelling import OPEN, OpenWork, cancel_for_operator, open_work
from worker.jobs.claims import ROWS, JobClaim, announce, claim, is_waiting, note_stage, renew
from worker.jobs.edits import earlier_candidates, earlier_picks
from worker.jobs.endings import (
    Result,
    cancel,
    complete,
    complete_unchanged,
    content_changed,
    fail,
    give_back,
    take_over,
)
from worker.jobs.requests import Requeued, request, requeue

__all__ = [
    "OPEN",
    "ROWS",
    "JobClaim",
    "OpenWork",
    "Requeued",
    "Result",
    "announce",
    "cancel",
    "cancel_for_operator",
    "claim",
    "complete",
    "complete_unchanged",
    "content_changed",
    "earlier_candidates",
    "earlier_picks",
    "fail",
    "give_back",
    "is_waiting",
    "note_stage",
    "open_work",
    "renew",
    "request",
    "requeue",
    "take_over",
]
