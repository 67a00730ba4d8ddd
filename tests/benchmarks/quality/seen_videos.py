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
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS, rank
from worker.pipeline.selection.diversity import pick_diverse
from worker.pipeline.selection.shortlist import shortlist

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.benchmarks.trap_videos.trap_videos import TrapVideo
    from worker.pipeline.frames import Candidate, Face, Scored
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models
    from worker.pipeline.scoring.ranking import ScoreWeights

Appeal = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]


@dataclass(frozen=True)
class Judge:
    """A way to judge: as the pipeline does, but for what is said here."""

    scale: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """By the name of a part or of a prompt pair, how many times as much as now it counts."""
    open_gates: frozenset[str] = frozenset()  #: the defects that refuse nothing

    @property
    def weights(self) -> ScoreWeights:
        """The weights of the parts."""
        now = DEFAULT_WEIGHTS._asdict()
        return DEFAULT_WEIGHTS._replace(
            **{name: value * self.scale.get(name, 1.0) for name, value in now.items()}
        )


@dataclass(frozen=True)
class SeenVideo:
    """All candidates of a video, those with defects too, and what is known of each."""

    group: int  #: of the clips that it is made of
    candidates: tuple[Candidate, ...]  #: in order of time, their pictures black
    left_out: Mapping[int, str]  #: which the pipeline does not score, and why
    embeddings: NDArray[np.float32]  #: (n, d) L2-normalized
    faces: tuple[tuple[Face, ...], ...]
    appeal: Appeal = field(repr=False)  #: the model's, from embeddings
    kinds: tuple[str, ...]  #: what is wrong with each candidate; "" where nothing is
    pieces: tuple[int, ...]  #: of footage that they are from; -1 for none
    has_three_good_shots: bool = False

    def past(self, open_gates: frozenset[str]) -> list[int]:
        """Return the indexes of what is scored where some gates are open."""
        return [
            index
            for index, candidate in enumerate(self.candidates)
            if index not in self.left_out
            or 0 < len(names := frozenset(defects(candidate.cues))) == len(names & open_gates)
        ]

    def scored(self, judge: Judge, among: Sequence[int]) -> list[Scored]:
        """Score some of the candidates, as if there were no others."""
        embeddings = self.embeddings[list(among)]
        return rank(
            [self.candidates[index] for index in among],
            embeddings,
            appeal={
                name: share * np.float32(judge.scale.get(name, 1.0))
                for name, share in self.appeal(embeddings).items()
            },
            relevance=None,
            faces=[self.faces[index] for index in among],
            weights=judge.weights,
        )

    def picks(self, judge: Judge, count: int) -> list[int]:
        """Return the indexes of what is picked, best first."""
        among = self.past(judge.open_gates)
        chosen, _ = pick_diverse(self.scored(judge, among), count)
        return [among[index] for index in chosen]


def see(path: Path, models: Models, decoder: Decoder) -> SeenVideo:
    """Look at all candidates of a video, without regard to the truth."""
    candidates = decoder.scan(decoder.probe(path)).candidates
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
        embeddings=models.scorer.embed(pictures),
        faces=tuple(models.faces.find(rgb) for rgb in pictures),
        appeal=models.scorer.appeal,
        kinds=("",) * len(candidates),
        pieces=(-1,) * len(candidates),
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
