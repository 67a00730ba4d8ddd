"""The states that rows go through, and the words for why they are there."""

from __future__ import annotations

import enum


class EventOutcome(enum.StrEnum):
    """What became of an event."""

    APPLIED = "applied"  #: it asked for work, and there is a job for it
    IGNORED = "ignored"  #: it has nothing to do with thumbnails, or its asset is deleted


class JobState(enum.StrEnum):
    """Where a job is in its life. Only `worker.jobs` moves it."""

    SCHEDULED = "scheduled"  #: waiting until `scheduled_at`
    AVAILABLE = "available"  #: announced to the workers; any of them may claim it
    RUNNING = "running"  #: claimed; the lease says until when
    RETRYABLE = "retryable"  #: failed, and waiting until `scheduled_at` to be tried again
    COMPLETED = "completed"  #: its thumbnails are stored
    DISCARDED = "discarded"  #: given up; `error` says why, and `thumbs requeue` starts it again
    CANCELLED = "cancelled"  #: not wanted any more: the asset was deleted, or an operator says so
    SUPERSEDED = "superseded"  #: a newer generation took its place


WAITING = (JobState.SCHEDULED, JobState.AVAILABLE, JobState.RETRYABLE)
FINAL = (JobState.COMPLETED, JobState.DISCARDED, JobState.CANCELLED, JobState.SUPERSEDED)


class Priority(enum.IntEnum):
    """Who goes first, as Redis's queues count it."""

    LIVE = 0  #: a person or a platform has just done something
    BACKFILL = 9  #: what was there before us; waits for all others


class JobReason(enum.StrEnum):
    """Why there is a job."""

    UPDATE = "update"  #: something about the asset changed: look whether its content did
    READY = "ready"  #: the asset became ready
    EDIT = "edit"  #: the customer says that its content changed
    REQUEUE = "requeue"  #: an operator asked


class PublicationState(enum.StrEnum):
    """Where a write to a platform is in its life. Only `worker.publications` moves it."""

    PENDING = "pending"  #: waiting until `scheduled_at`
    SENDING = "sending"  #: a worker is writing; the lease says until when
    CONFIRMED = "confirmed"  #: the platform accepted it
    SUPERSEDED = "superseded"  #: called off: a newer one took its place, or `error_class` says otherwise
    FAILED = "failed"  #: given up; `error` says why
    YIELDED = "yielded"  #: a foreign thumbnail is shown at the platform, and stays


class ChoiceKind(enum.StrEnum):
    """What a person chose."""

    TIME = "time"  #: a moment of the video
    CANDIDATE = "candidate"  #: a frame of the filmstrip
    IMAGE = "image"  #: a picture of their own


class TrialKind(enum.StrEnum):
    """Who sees which variant of a test."""

    VIEWERS = "viewers"  #: each viewer always the same one
    SLOTS = "slots"  #: all the same one, for a whole day: the platform shows one picture


class TrialMetric(enum.StrEnum):
    """What a test compares."""

    PLAYS = "plays"  #: quality plays for each impression, or views where a platform counts no impressions
    WATCH = "watch"  #: seconds watched for each impression


class TrialState(enum.StrEnum):
    """Where a test is in its life. Only `worker.trials` moves it."""

    RUNNING = "running"
    ENDED = "ended"


class TrialOutcome(enum.StrEnum):
    """How a test ended."""

    WINNER = "winner"  #: one variant is better than all others, proved
    ALIKE = "alike"  #: none is better by 5 % than another, proved
    PREFERRED = "preferred"  #: out of time; one is probably better, not proved
    UNDECIDED = "undecided"  #: out of time, and it cannot be told
    CHOICE = "choice"  #: a person chose
    CONTENT = "content"  #: the video has other content now
    DELETED = "deleted"  #: the video is deleted
    FOREIGN = "foreign"  #: somebody set another thumbnail at the platform
    BROKEN = "broken"  #: the variants were not shown as drawn
    STOPPED = "stopped"  #: a person stopped it


DECIDED = (TrialOutcome.WINNER, TrialOutcome.ALIKE, TrialOutcome.PREFERRED, TrialOutcome.UNDECIDED)


class HeadState(enum.StrEnum):
    """Where a learned head is in its life. Only `worker.learning` moves it."""

    CANDIDATE = "candidate"  #: trained; it may be judged
    REFUSED = "refused"  #: judged, and not good enough
    PASSED = "passed"  #: judged, and better than what is in use: a person may ship it
    SHIPPED = "shipped"  #: in use
    RETIRED = "retired"  #: it was in use


class Role(enum.StrEnum):
    """What a person may do on the pages; each may do what those before it may."""

    VIEWER = "viewer"  #: look
    EDITOR = "editor"  #: choose, release, avoid or prefer, look again, confirm, test
    OPERATOR = "operator"  #: the same with many assets at once, invite people, ship what was learned


def is_one_of(column: str, states: tuple[enum.StrEnum, ...] | type[enum.StrEnum]) -> str:
    """Write the condition that a column holds one of these, as an index needs it."""
    words = ", ".join(f"'{state.value}'" for state in states)
    return f"{column} IN ({words})"


IS_WAITING = is_one_of("state", WAITING)

#: The condition that a job tells something. Looks that found nothing new do not; most are asked for by the
#: events that our own writes cause.
IS_NEWS = f"NOT (reason = '{JobReason.UPDATE}' AND state = '{JobState.COMPLETED}' AND timings_s IS NULL)"
TITLE_INDEX = "lower(left(title, 100)) text_pattern_ops"  #: a longer text may be too long for an index
