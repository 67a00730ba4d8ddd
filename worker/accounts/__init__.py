"""What holds for all work of an account: whether its platform takes our token, answers, and is to be asked.

An account is *paused* while an operator says so. It *ails* when its platform refuses the token, or failed at
several assets one after the other. Then it is *closed* for a while, twice as long each time, and in between
one row at a time goes out to ask; all others wait, at no cost. The first answer opens it again.

    open:   paused_at IS NULL AND (closed_until IS NULL OR closed_until <= now)
    ails:   refused_at IS NOT NULL OR failures >= BREAKER_FAILURES; while it is open, one row may go out

Where only writes failed (a token that may read only, an API that is down in part), only writes are held.

The pattern is a circuit breaker (Nygard, "Release It!", 2007), with its state in the row of `accounts`.
"""

from worker.accounts.admission import PROBE_S, admit, forgo_probe, identify
from worker.accounts.outcomes import is_refusal, note_answer, note_failure
from worker.accounts.pauses import pause, resume
from worker.accounts.refusals import examine_refusal, remedy_of_refusal
from worker.accounts.standing import BREAKER_FAILURES, ails, is_closed, next_opening_in_s, only_writes_ail

__all__ = [
    "BREAKER_FAILURES",
    "PROBE_S",
    "admit",
    "ails",
    "examine_refusal",
    "forgo_probe",
    "identify",
    "is_closed",
    "is_refusal",
    "next_opening_in_s",
    "note_answer",
    "note_failure",
    "only_writes_ail",
    "pause",
    "remedy_of_refusal",
    "resume",
]
