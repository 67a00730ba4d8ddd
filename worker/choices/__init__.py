"""A person's choice of a thumbnail: made, released, and carried through edits."""

from worker.choices.choices import (
    CHOSEN_RANK,
    ChoiceMade,
    ChoiceRefused,
    ChoiceRequest,
    after_run,
    carry_over,
    choose,
    is_newest_pick,
    moment,
    open_choice,
    release,
)

__all__ = [
    "CHOSEN_RANK",
    "ChoiceMade",
    "ChoiceRefused",
    "ChoiceRequest",
    "after_run",
    "carry_over",
    "choose",
    "is_newest_pick",
    "moment",
    "open_choice",
    "release",
]
