"""A learned head changes the order of what may be picked, and the pick by hand can stand beside its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.pipeline.selection.test_diversity import content
from tests.support.heads import film, frame, mad_head
from worker.pipeline.frames import LEARNED
from worker.pipeline.scoring.learned_head import add_learned
from worker.pipeline.selection.by_hand import first_by_hand, without_learned
from worker.pipeline.selection.diversity import pick_diverse
from worker.pipeline.selection.reasons import explain
from worker.text import reason_words

if TYPE_CHECKING:
    from worker.pipeline.frames import Scored


def learned(one: Scored, points: float) -> Scored:
    """Give a frame points that were learned."""
    return replace(one, parts={**one.parts, LEARNED: points}, score=one.score + points)


def film_of(*hand_scores: float) -> list[Scored]:
    """Return frames of as many scenes, far apart in time."""
    return [frame(one, content(n), time_s=20.0 * n) for n, one in enumerate(hand_scores)]


BY_HAND = film_of(3.0, 2.8, 1.0, 0.9, 0.8, -3.0)


class TestThePickByHand:
    """To compare what viewers say of both, the second pick is what would be the first without a head."""

    VIDEO = (*BY_HAND[:1], *(learned(one, 0.5) for one in BY_HAND[1:3]), *BY_HAND[3:])

    def test_gets_the_second_place_whatever_else_differs_more(self) -> None:
        """And says why it stands there."""
        by_hand = first_by_hand(self.VIDEO, frozenset(), (), frozenset())
        picks, lost, _ = pick_diverse(self.VIDEO, 3, second=by_hand)
        why = explain(picks, self.VIDEO, lost, by_hand=by_hand)

        assert by_hand == 0
        assert picks[:2] == [1, 0]
        assert why[1].reasons[0] == "by_hand"
        assert reason_words("by_hand") == "the first without what was learned from viewers"

    def test_is_no_second_picture_of_the_same(self) -> None:
        """Nobody could tell the two apart."""
        same = replace(self.VIDEO[0], embedding=self.VIDEO[1].embedding)
        video = (same, *self.VIDEO[1:])

        picks, lost, _ = pick_diverse(video, 3, second=0)

        assert 0 not in picks
        assert lost[0] == "too like pick 1"

    def test_is_the_first_pick_where_the_head_agrees(self) -> None:
        """Then there is nothing to compare, and no other reason for it."""
        video = (learned(BY_HAND[0], 0.5), *BY_HAND[1:])

        picks, lost, _ = pick_diverse(video, 3, second=0)
        why = explain(picks, video, lost, by_hand=0)

        assert picks == pick_diverse(video, 3)[0]
        assert "by_hand" not in why[0].reasons

    def test_is_what_is_picked_where_nothing_was_learned(self) -> None:
        """In any film, and whatever the head said of it."""
        for seed in range(100):
            video = film(seed)
            moved = add_learned(video, mad_head(seed, video))

            assert pick_diverse(without_learned(moved), 4)[0] == pick_diverse(video, 4)[0]


class TestWhatMayBePicked:
    """It is decided by hand."""

    def test_a_head_that_dislikes_all_else_does_not_open_the_ends(self) -> None:
        """A slate at the start is worth a little less by hand than two good frames, which the head hates."""
        slates = [frame(1.5 - 0.01 * n, content(n + 9), time_s=0.01 * n) for n in range(10)]
        good = [frame(2.0, content(n), time_s=20.0 + 20 * n) for n in range(2)]
        video = [*(learned(one, 0.9) for one in slates), *(learned(one, -0.9) for one in good)]

        picks, *_ = pick_diverse(video, 1, at_ends=frozenset(range(10)))

        assert picks == [10]

    def test_what_is_weakest_by_hand_stands_beside_no_good_pick(self) -> None:
        """Though the head likes it best of those that are left."""
        video = film_of(2.0, 1.9, 1.8, 1.7, 1.2)
        video[4] = learned(video[4], 0.75)

        picks, *_ = pick_diverse(video, 5)

        assert sorted(picks) == [0, 1, 2, 3]


def test_how_much_better_something_must_be_does_not_depend_on_what_others_got() -> None:
    """An earlier pick gives way to a clearly better frame, though a head moved all others far apart."""
    video = film_of(0.4, 0.2, *[0.3] * 6)
    split = [learned(one, -1.0 if n % 2 else 0.0) for n, one in enumerate(video)]
    split[1] = video[1]

    assert pick_diverse(video, 1, earlier=[1])[0] == [0]
    assert pick_diverse(split, 1, earlier=[1])[0] == [0]
