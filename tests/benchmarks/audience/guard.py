"""The worst that a learned head can do: ten thousand of them, over the frames of real clips.

Heads that know nothing, and heads that love what is worst: the poorest frame of a video, its frames with
defects, the opposite of its best; from too weak to far too strong. Scoring, the guard and the choice of picks
are those of the product. Each video is judged as the product does, and also with its defective frames left
in, which the product leaves out before: there, the guard alone holds.
"""

from __future__ import annotations

import math
import os
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.benchmarks.audience.row import Row
from tests.support.heads import arrays, mad_head
from tests.support.media import clips, pictures
from worker.learning.loading import UnreadableHead, read_direction
from worker.pipeline.cues.defects import defects
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.learned_head import REACH, add_learned
from worker.pipeline.scoring.models import Models, score
from worker.pipeline.selection.by_hand import first_by_hand
from worker.pipeline.selection.diversity import pick_diverse
from worker.pipeline.selection.ends import candidates_at_ends
from worker.pipeline.selection.shortlist import shortlist

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.benchmarks.audience.row import Each
    from worker.pipeline.frames import Scored

HEADS = 10_000
PICKS = 3
ROUNDING = 1e-6
DAMAGED_EVERY = 100  # heads, one holds what is no finite number
SHARED = Path(os.environ.get("CLIPS", Path(__file__).parents[4] / "shared" / "clips"))


class ScoredVideo(NamedTuple):
    """A video that the models have looked at."""

    scored: tuple[Scored, ...]
    at_ends: frozenset[int]
    has_sound: bool  #: whether every frame here is free of defects

    @classmethod
    def of(cls, scored: Sequence[Scored], at_ends: frozenset[int]) -> ScoredVideo:
        """Look for defects."""
        return cls(tuple(scored), at_ends, not any(map(_faults, scored)))

    def earlier(self, number: int) -> list[int]:
        """Draw what an earlier run picked."""
        drawn = np.random.default_rng(number).permutation(len(self.scored))[:PICKS]
        return drawn.tolist()


class Harm(NamedTuple):
    """What one head did to one film."""

    moved: float  #: the furthest that a frame moved, in points
    lost: float  #: by how much the first pick is worse by hand
    shows_defect: (
        bool  #: in a pick, where every frame is sound; or in the first, where that by hand has fewer
    )
    is_other: bool  #: whether the first pick is another one


class GuardResult(NamedTuple):
    """What heads did to the films of a clip."""

    films: int
    harms: list[Harm]
    refused: int  #: heads that were not loaded
    damaged: int  #: heads that must not be loaded


def rows(seed: int, scale: float, each: Each) -> Iterator[Row]:
    """Try the heads, and yield what they did at worst."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [*_own_clips(Path(folder)), *sorted(SHARED.glob("*.m[pk][4v]"))]
        count = math.ceil(HEADS * scale / len(paths))
        tried = list(each(partial(_try, seed, count), enumerate(paths)))
    harms = [harm for one in tried for harm in one.harms]
    what = f"guard, {count * len(paths):,} heads over {sum(one.films for one in tried)} filmstrips"
    moved, lost = max(harm.moved for harm in harms), max(harm.lost for harm in harms)
    shown = sum(harm.shows_defect for harm in harms)
    others = sum(harm.is_other for harm in harms) / len(harms)
    yield Row(
        f"{what}: the furthest that a frame moved", "1 point", f"{moved:.3f}", moved <= REACH + ROUNDING
    )
    yield Row(
        f"{what}: the first pick below that by hand",
        "1 point",
        f"{lost:.3f} at worst; {others:.0%} had another first pick",
        lost <= REACH + ROUNDING,
    )
    yield Row(f"{what}: a defect shown for a head", "0", str(shown), shown == 0)
    refused, damaged = sum(one.refused for one in tried), sum(one.damaged for one in tried)
    told = f"{refused} of {damaged}"
    yield Row(f"{what}: heads with no finite number refused", "all", told, refused == damaged)


def _try(seed: int, heads: int, clip: tuple[int, Path]) -> GuardResult:
    """Try that many heads on a clip, by turns on the films that it makes."""
    number, path = clip
    films, harms, refused, damaged = _films(path), [], 0, 0
    for head_number in range(number * heads, (number + 1) * heads):
        film = films[head_number % len(films)]
        head = mad_head(seed + head_number, film.scored)
        direction = head.direction.copy()
        if head_number % DAMAGED_EVERY == 0:
            direction[head_number % len(direction)] = (np.nan, np.inf)[head_number // DAMAGED_EVERY % 2]
            damaged += 1
        try:
            direction = read_direction(arrays(direction), len(direction))
        except UnreadableHead:
            refused += 1
        else:
            moved = add_learned(film.scored, head._replace(direction=direction))
            has_earlier = head_number // len(films) % 2
            harms.append(_harm(film, moved, film.earlier(seed + head_number) if has_earlier else []))
    return GuardResult(len(films), harms, refused, damaged)


def _harm(film: ScoredVideo, moved: Sequence[Scored], earlier: Sequence[int]) -> Harm:
    picks, *_ = pick_diverse(moved, PICKS, earlier=earlier, at_ends=film.at_ends)
    hand_pick = first_by_hand(film.scored, frozenset(), earlier, film.at_ends)
    first, by_hand = film.scored[picks[0]], film.scored[hand_pick]
    has_fault = film.has_sound and any(_faults(moved[pick]) for pick in picks)
    return Harm(
        max(abs(one.score - before.score) for one, before in zip(moved, film.scored, strict=True)),
        by_hand.score - first.score,
        has_fault or _faults(first) > _faults(by_hand),
        picks[0] != hand_pick,
    )


def _faults(one: Scored) -> int:
    return len(defects(one.candidate.cues))


def _films(path: Path) -> list[ScoredVideo]:
    """Look at a clip as the product does, and, where it has such, also with the frames that have defects."""
    with Decoder() as decoder:
        video = decoder.probe(path)
        candidates = decoder.scan(video).candidates
    worth, _ = shortlist(candidates)
    films = []
    for among in (worth, range(len(candidates))) if len(worth) < len(candidates) else (worth,):
        shown = [candidates[index] for index in among]
        scored = score(shown, "", _models(), lambda _fraction: None)
        films.append(ScoredVideo.of(scored, candidates_at_ends(shown, video)))
    return films


@cache
def _models() -> Models:
    return Models.load(device="cpu")


def _own_clips(folder: Path) -> Iterator[Path]:
    """Yield footage, and a film with black, test pattern, fade and flash in it."""
    yield from (pictures.footage_path(name) for name in ("bikes", "bigbuckbunny", "carphone_pristine"))
    bad = pictures.solid((0, 0, 0), 30) + pictures.color_bars(30) + pictures.solid((255, 255, 255), 30)
    good = pictures.footage("bikes", 75)
    yield clips.write(
        folder / "traps.mp4", good + bad + pictures.fade_in(pictures.footage("bigbuckbunny", 75))
    )
