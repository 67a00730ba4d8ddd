"""A publication's life: one write of one thumbnail to the platform. The only place that changes its state.

    request ─> pending ── claim ──> sending ──> confirmed, yielded, superseded, failed
                  └──── failed, given back ┘

One write per asset is under way at a time, and always the newest one that was asked for: an older one that
still waits is superseded. So a person's choice, which asks for a write in the transaction that takes it down,
is written after every pick that was on its way. A platform knows nothing of our leases, so a write may happen
twice; it is the same write, and what was written last wins. A pick that is flagged as unsafe, and so has to
wait for a person, is superseded at once (`holding`).
"""

from worker.publications.adoption import Adoptable, adopt, find_adoptable
from worker.publications.claims import (
    ROWS,
    PublicationClaim,
    announce,
    begin_write,
    claim,
    is_waiting,
    renew,
)
from worker.publications.endings import confirm, fail, give_back, take_over, yield_to
from worker.publications.holding import is_held
from worker.publications.ownership import Marks
from worker.publications.requests import ask_again, cancel, carry_over, request, supersede

__all__ = [
    "ROWS",
    "Adoptable",
    "Marks",
    "PublicationClaim",
    "adopt",
    "announce",
    "ask_again",
    "begin_write",
    "cancel",
    "carry_over",
    "claim",
    "confirm",
    "fail",
    "find_adoptable",
    "give_back",
    "is_held",
    "is_waiting",
    "renew",
    "request",
    "supersede",
    "take_over",
    "yield_to",
]
