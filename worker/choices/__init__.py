"""A person's choice of a thumbnail: the only room that writes `choices`.

    choose ─> open ──> released by a person, or replaced by the next choice
               └─ an edit cut its moment away ──> lost, until it is released

One choice is open per asset, and as long as it is not lost it is what gets published, whatever is picked.
Every function here wants the asset's row locked, so that no pick slips in between.
"""

from worker.choices.edits import carry_over, carry_through_run, chosen_moment_s
from worker.choices.requests import (
    ChoiceMade,
    ChoiceRefused,
    ChoiceRequest,
    choose,
    newest_generation,
    open_choice,
    release,
)
from worker.choices.stills import CHOSEN_RANK, SAME_MOMENT_S, is_newest_pick
from worker.choices.stored_pictures import earlier_moment_s, offer, request_of_thumbnail

__all__ = [
    "CHOSEN_RANK",
    "SAME_MOMENT_S",
    "ChoiceMade",
    "ChoiceRefused",
    "ChoiceRequest",
    "carry_over",
    "carry_through_run",
    "choose",
    "chosen_moment_s",
    "earlier_moment_s",
    "is_newest_pick",
    "newest_generation",
    "offer",
    "open_choice",
    "release",
    "request_of_thumbnail",
]
