"""Videos that the pipeline has looked at once, so that another way to judge them takes milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.quality.stability import ENCODINGS, LATER, LAYOUT, ORIGINAL, encoded
from worker.pipeline.cues.defects import defects
from worker.pipeline.scoring.clip_scorer import ModelOutput
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS, ScoreWeights, rank
from worker.pipeline.scoring.text_cost import PART as TEXT
from worker.pipeline.scoring.text_cost import text_values
from worker.pipeline.selection.diversity import pick_diverse
from worker.pipeline.selection.ends import candidates_at_ends
from worker.pipeline.selection.shortlist import shortlist

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.benchmarks.trap_videos.trap_videos import TrapVideo
    from worker.pipeline.frames import Candidate, Face, Scored
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models
    from worker.pipeline.scoring.text import TextLine

Appeal = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]
Taste = Callable[[ModelOutput], NDArray[np.float32] | None]


@dataclass(frozen=True)
class ScoringVariant:
    """A way to judge: as the pipeline does, but for what is said here."""

    weights: ScoreWeights = DEFAULT_WEIGHTS
    pairs: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """By the name of a prompt pair, how many times as much as now it counts."""
    open_gates: frozenset[str] = frozenset()  #: the defects that refuse nothing


@dataclass(frozen=True)
class SeenVideo:
    """All candidates of a video, those with defects too, and what is known of each."""

    group: int  #: of the clips that it is made of
    candidates: tuple[Candidate, ...]  #: in order of time, their pictures black
    left_out: Mapping[int, str]  #: which the pipeline does not score, and why
    looks: ModelOutput
    faces: tuple[tuple[Face, ...], ...]
    texts: tuple[tuple[TextLine, ...], ...]
    appeal: Appeal = field(repr=False)  #: the model's, from embeddings
    taste: Taste = field(repr=False)  #: the model's, from looks
    kinds: tuple[str, ...]  #: what is wrong with each candidate; "" where nothing is
    pieces: tuple[int, ...]  #: of footage that they are from; -1 for none
    at_ends: frozenset[int] = frozenset()  #: of the video; only picked where everything else leaves places
    has_three_good_shots: bool = False

    def past(self, open_gates: frozenset[str]) -> list[int]:
        """Return the indexes of what is scored where some gates are open."""
        return [
            index
            for index, candidate in enumerate(self.candidates)
            if index not in self.left_out
            or 0 < len(names := frozenset(defects(candidate.cues))) == len(names & open_gates)
        ]

    def scored(self, judge: ScoringVariant, among: Sequence[int]) -> list[Scored]:
        """Score some of the candidates, as if there were no others; text is looked for in all of them."""
        looks = ModelOutput(self.looks.embeddings[list(among)], self.looks.tastes[list(among)])
        scored = rank(
            [self.candidates[index] for index in among],
            looks.embeddings,
            appeal={
                name: share * np.float32(judge.pairs.get(name, 1.0))
                for name, share in self.appeal(looks.embeddings).items()
            },
            relevance=None,
            taste=self.taste(looks),
            faces=[self.faces[index] for index in among],
            weights=judge.weights,
        )
        losses = [judge.weights.text * value for value in text_values([self.texts[index] for index in among])]
        return [
            replace(one, parts={**one.parts, TEXT: loss}, score=one.score + loss)
            for one, loss in zip(scored, losses, strict=True)
        ]

    def picks(self, judge: ScoringVariant, count: int) -> list[int]:
        """Return the indexes of what is picked, best first."""
        among = self.past(judge.open_gates)
        at_ends = frozenset(place for place, index in enumerate(among) if index in self.at_ends)
        chosen, *_ = pick_diverse(self.scored(judge, among), count, at_ends=at_ends)
        return [among[index] for index in chosen]


def see(path: Path, models: Models, decoder: Decoder) -> SeenVideo:
    """Look at all candidates of a video, without regard to the truth."""
    video = decoder.probe(path)
    candidates = decoder.scan(video).candidates
    _, left_out = shortlist(candidates)
    pictures = [candidate.rgb for candidate in candidates]
    return SeenVideo(
        group=0,
        # Only the shape of a picture matters from here on; all of them would not fit into memory.
        candidates=tuple(
            replace(candidate, rgb=np.broadcast_to(np.uint8(0), candidate.rgb.shape))
            for candidate in candidates
        ),
        left_out=left_out,
        looks=models.scorer.look(pictures),
        faces=tuple(models.faces.find(rgb) for rgb in pictures),
        texts=tuple(models.text.find(rgb) for rgb in pictures),
        appeal=models.scorer.appeal,
        taste=models.scorer.taste,
        kinds=("",) * len(candidates),
        pieces=(-1,) * len(candidates),
        at_ends=candidates_at_ends(candidates, video),
    )


def see_trap(video: TrapVideo, models: Models, decoder: Decoder) -> SeenVideo:
    """Look at all candidates of a trap video, knowing the truth of each."""
    seen = see(video.path, models, decoder)
    times_s = [candidate.time_s for candidate in seen.candidates]
    return replace(
        seen,
        group=video.group,
        kinds=tuple(video.kind_at(time_s) for time_s in times_s),
        pieces=tuple(video.shots[video.frame_at(time_s)] for time_s in times_s),
        has_three_good_shots=video.has_three_good_shots,
    )


@dataclass(frozen=True)
class Encodings:
    """One clip, and the same frames encoded in other ways."""

    original: SeenVideo
    others: tuple[tuple[float, SeenVideo], ...]  #: each with how much earlier its frames come, in seconds


def see_encodings(clips: Sequence[Path], models: Models, decoder: Decoder) -> Iterator[Encodings]:
    """Look at what `stability.py` compares."""
    for clip in clips:
        original = encoded(clip, ("-vf", LAYOUT, *ORIGINAL))
        frame_s = 1 / float(decoder.probe(original).frame_rate or 25)
        yield Encodings(
            see(original, models, decoder),
            tuple(
                (frame_s if name == LATER else 0.0, see(encoded(original, arguments), models, decoder))
                for name, arguments in ENCODINGS.items()
            ),
        )
