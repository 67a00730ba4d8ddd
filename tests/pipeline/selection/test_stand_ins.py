"""What may be shown in place of a pick with shut eyes."""

from __future__ import annotations

from tests.pipeline.selection.test_diversity import content, frame
from worker.pipeline.selection.ends import AT_AN_END
from worker.pipeline.selection.stand_ins import stand_ins

VIDEO = [frame(20.0 * number, score, content(number)) for number, score in enumerate([9, 8, 7, 6, 1])]
LOST = {1: "too like pick 1", 2: "outscored", 3: AT_AN_END, 4: "outscored"}


def test_what_is_as_good_as_a_pick_may_stand_in() -> None:
    """Neither the weakest nor the ends of the video; whatever ruled it out as a pick of its own."""
    assert stand_ins(VIDEO, LOST, frozenset()) == [1, 2]


def test_where_the_caller_prefers_a_range_it_comes_from_there() -> None:
    """Even the weakest."""
    assert stand_ins(VIDEO, LOST, frozenset({0, 2, 4})) == [2, 4]


def test_what_was_vetoed_does_not_come_back_by_this_way() -> None:
    """A judge saw its eyes closed, too."""
    lost = LOST | {1: "eyes closed, says the judge"}

    assert stand_ins(VIDEO, lost, frozenset(), {1: lost[1]}) == [2]
