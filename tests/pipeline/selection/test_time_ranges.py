"""Nothing is picked from where nobody wants it, and what is preferred goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.media import pictures
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.time_ranges import parse_time_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from worker.pipeline.frames import Run
    from worker.pipeline.scoring.models import Models


@pytest.fixture(scope="module")
def pick(models: Models) -> Iterator[Callable[..., Run]]:
    """Return what picks from a real clip of 5 s with these options."""
    with Decoder() as decoder:

        def with_options(**values: Any) -> Run:
            path = pictures.footage_path("bigbuckbunny")
            return pick_thumbnails(path, Options(**values), models, decoder)

        yield with_options


def times_s(run: Run) -> list[float]:
    """When the picks are, the best first."""
    return [pick.time_s for pick in run.picks]


def test_an_avoided_part_gives_no_pick(pick: Callable[..., Run]) -> None:
    """Its candidates say why they lost; what is left is picked as ever."""
    best_s = times_s(pick(count=1))[0]
    ranges = parse_time_ranges([f"{max(0.0, best_s - 0.5):.3f}-{best_s + 0.5:.3f}"])

    run = pick(count=1, avoid=ranges)

    assert abs(times_s(run)[0] - best_s) >= 0.5
    assert {loser.why for loser in run.losers if abs(loser.candidate.time_s - best_s) < 0.5} == {"avoided"}
    assert "avoid" not in run.note


def test_when_all_is_avoided_the_note_says_so(pick: Callable[..., Run]) -> None:
    """A playable video always gets a thumbnail."""
    run = pick(count=1, avoid=parse_time_ranges(["0%-100%"]))

    assert len(run.picks) == 1
    assert "every frame lies in a range to avoid" in run.note


@pytest.mark.parametrize(("wanted", "low_s", "high_s"), [("0%-40%", 0.0, 2.2), ("-2-0", 3.0, 5.5)])
def test_a_preferred_part_gives_the_best_pick(
    pick: Callable[..., Run], wanted: str, low_s: float, high_s: float
) -> None:
    """Whichever part it is; other picks follow from elsewhere."""
    run = pick(count=2, prefer=parse_time_ranges([wanted]))

    assert low_s <= times_s(run)[0] < high_s
    assert "preferred" not in run.note


def test_a_preferred_part_without_a_frame_is_noted(pick: Callable[..., Run]) -> None:
    """The best of the rest is picked."""
    run = pick(count=1, prefer=parse_time_ranges(["1000-2000"]))

    assert run.note == "no usable frame lies in a preferred range"


def test_the_frame_of_a_chosen_moment_is_cut_and_embedded_too(pick: Callable[..., Run]) -> None:
    """In every ratio, and nearly as a candidate of that moment is, to be compared with what was picked."""
    chosen_s = 2.5

    run = pick(count=1, aspects=("16:9", "1:1"), chosen_s=chosen_s)

    assert [crop.aspect for crop in run.wanted] == ["16:9", "1:1"]
    embedding = run.wanted_embedding
    assert embedding is not None
    scored = [loser.scored for loser in run.losers if loser.scored]
    most_alike = max(scored, key=lambda one: float(embedding @ one.embedding))
    assert abs(most_alike.candidate.time_s - chosen_s) < 0.3
    assert embedding @ most_alike.embedding > 0.93


def test_a_chosen_moment_beyond_the_end_has_no_frame(pick: Callable[..., Run]) -> None:
    """An edit may have cut it off."""
    run = pick(count=1, chosen_s=1000.0)

    assert (run.wanted, run.wanted_embedding) == ((), None)
