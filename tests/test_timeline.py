"""Times are mapped through edits as an editor's hand would do it, on a list of frames."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from worker.timeline import MAX_RANGES, Range, Timeline

FRAME_S = 0.25  # a power of two, so that sums are exact
Frames = tuple[int, ...]
Edit = list[tuple[int, int]]


def cut(frames: Frames, edit: Edit) -> Frames:
    """Do an edit by hand."""
    return tuple(frame for start, end in edit for frame in frames[start:end])


def timeline(edit: Edit) -> Timeline:
    """The same edit as it is told."""
    return Timeline.of(Range(start * FRAME_S, end * FRAME_S) for start, end in edit)


@st.composite
def edits(draw: st.DrawFn) -> tuple[Frames, list[Edit]]:
    """A video, and edits of it one after another; each keeps something."""
    before = frames = tuple(range(draw(st.integers(1, 40))))
    done: list[Edit] = []
    for _ in range(draw(st.integers(1, 4))):
        starts = draw(st.lists(st.integers(0, len(frames) - 1), min_size=1, max_size=5))
        edit = [(start, draw(st.integers(start + 1, len(frames)))) for start in starts]
        done.append(edit)
        frames = cut(frames, edit)
    return before, done


@given(edits())
def test_edits_one_after_another_are_one_edit(history: tuple[Frames, list[Edit]]) -> None:
    """Every frame that is left is found where it plays now, and those that were cut away are nowhere."""
    before, done = history
    after, composed = before, Timeline.whole()
    for edit in done:
        after = cut(after, edit)
        both = composed.then(timeline(edit))
        assert both is not None
        composed = both
    for frame in before:
        places = [index * FRAME_S for index, shown in enumerate(after) if shown == frame]
        assert list(composed.places_of(frame * FRAME_S)) == places
    assert composed.duration_s == len(after) * FRAME_S


@given(edits())
def test_every_jump_of_the_picture_is_a_join(history: tuple[Frames, list[Edit]]) -> None:
    """Between joins, frames stand beside the neighbours that they had."""
    before, done = history
    after = cut(before, done[0])
    jumps = {i * FRAME_S for i in range(1, len(after)) if after[i] != after[i - 1] + 1}
    assert jumps <= set(timeline(done[0]).joins_s())


@given(edits())
def test_a_timeline_survives_being_stored(history: tuple[Frames, list[Edit]]) -> None:
    """What is read is what was stored."""
    for edit in history[1]:
        assert Timeline.read(timeline(edit).stored()) == timeline(edit)


def test_a_video_that_plays_as_before_has_no_known_end() -> None:
    """It is stored without infinity, which JSON does not have."""
    whole = Timeline.whole()
    assert whole.stored() == [[0.0, None]]
    assert Timeline.read(whole.stored()) == whole
    assert math.isinf(whole.duration_s)
    assert whole.joins_s() == []


def test_what_is_kept_beyond_the_end_does_not_count() -> None:
    """An editor may say "from 2 s to the end" with a number that is too large."""
    trimmed = Timeline.of([Range(0.0, 10.0)]).then(Timeline.of([Range(2.0, 99.0)]))
    assert trimmed == Timeline.of([Range(2.0, 10.0)])


def test_an_edit_of_too_many_parts_is_given_up() -> None:
    """Parts of parts, shown again and again, grow without limit."""
    parts = Timeline.of(Range(2.0 * start, 2.0 * start + 1.0) for start in range(MAX_RANGES))
    twice = Timeline.of([Range(0.0, parts.duration_s), Range(0.0, parts.duration_s)])
    assert parts.then(twice) is None


def test_an_edit_that_leaves_nothing_is_given_up() -> None:
    """Somebody counts on another timeline than we do."""
    assert Timeline.of([Range(0.0, 10.0)]).then(Timeline.of([Range(20.0, 30.0)])) is None
