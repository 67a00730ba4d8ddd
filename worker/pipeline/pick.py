"""The whole pipeline on one screen: a path in, the best frames out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

import numpy as np

from worker.pipeline.crop.crop import crop
from worker.pipeline.cues.defects import defects
from worker.pipeline.earlier_run import UNSEEN, Unfit, check_stills, decided, recall
from worker.pipeline.frames import Loser, Pick, Run
from worker.pipeline.scoring.clip_scorer import ClipScorer, Prompts
from worker.pipeline.scoring.faces import FaceFinder
from worker.pipeline.scoring.ranking import rank, reasons
from worker.pipeline.selection import time_ranges
from worker.pipeline.selection.diversity import pick_diverse
from worker.pipeline.selection.shortlist import shortlist

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from worker.pipeline.earlier_run import Memory, Seen
    from worker.pipeline.frames import Candidate, Crop, Scan, Scored, Still, Video
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.time_ranges import TimeRange

log = logging.getLogger(__name__)

#: Called with the stage ("probe", "scan", "score", "pick" or "stills") and the fraction of it done, 0..1;
#: again and again while a stage goes on. What it raises ends the run.
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller wants."""

    count: int = 3  #: at most so many picks
    aspects: tuple[str, ...] = ("16:9",)  #: one crop each: "W:H", or "source" for the whole picture
    title: str = ""  #: what the video is about, if known
    avoid: tuple[TimeRange, ...] = ()  #: parts of the video to pick nothing from
    prefer: tuple[TimeRange, ...] = ()  #: parts to pick from first
    chosen_s: float | None = None  #: a moment that a person chose: its still is taken too


@dataclass(frozen=True, slots=True)
class Models:
    """Everything that is loaded once per process and shared by all videos."""

    scorer: ClipScorer
    faces: FaceFinder

    @classmethod
    def load(
        cls, model: str = "lite", prompts: Path | None = None, device: str = "auto", yunet: Path | None = None
    ) -> Self:
        """Load the models. Raises ConfigurationError where one cannot be used."""
        return cls(ClipScorer.load(model, Prompts.load(prompts), device=device), FaceFinder.load(yunet))

    def warm_up(self) -> None:
        """Judge a grey picture, so that what is loaded or compiled at first use is in place."""
        grey = np.full((180, 320, 3), 128, np.uint8)
        self.scorer.embed([grey])
        self.faces.find(grey)


def pick_thumbnails(
    path: Path,
    options: Options,
    models: Models,
    decoder: Decoder,
    on_progress: Progress = lambda _stage, _fraction: None,
    better: Callable[[Sequence[float]], Path] | None = None,
    memory: Memory | None = None,
) -> Run:
    """Pick the best frames of a video and crop them, best first; at least one.

    Args:
        path: the video.
        options: what is wanted.
        models: what judges.
        decoder: what opens videos.
        on_progress: hears how far it is.
        better: given the picked moments, finds a file of the same video that shows them better.
        memory: what an earlier run saw; where it does not fit, the whole video is looked at.

    Raises:
        PermanentError: the file is no video we can use; the message names the remedy.
        TransientError: the decoder died or hung, or memory ran out; trying again may help.
    """
    if memory is not None:
        try:
            return _pick(path, options, models, decoder, on_progress, better, memory)
        except Unfit as exc:
            log.info("the whole video is looked at: %s", exc)
    return _pick(path, options, models, decoder, on_progress, better, None)


def _pick(
    path: Path,
    options: Options,
    models: Models,
    decoder: Decoder,
    on_progress: Progress,
    better: Callable[[Sequence[float]], Path] | None,
    memory: Memory | None,
) -> Run:
    watch = _Stopwatch(on_progress)
    with watch.stage("probe") as progress:
        video = decoder.probe(path, progress)
    with watch.stage("scan") as progress:
        scan, seen = _scan(video, decoder, memory, progress)
    with watch.stage("score") as progress:
        avoided = time_ranges.near(options.avoid, scan.candidates, video)
        worth, left_out = shortlist(scan.candidates, avoided, decided=decided(scan.candidates, seen))
        scored = score([scan.candidates[index] for index in worth], options.title, models, progress, seen)
    with watch.stage("pick"):
        preferred = time_ranges.inside(options.prefer, [one.candidate for one in scored], video)
        chosen, lost = pick_diverse(scored, options.count, preferred)
    with watch.stage("stills") as progress:
        winners = [scored[index] for index in chosen]
        wanted_s = options.chosen_s if (options.chosen_s or 0.0) < video.duration_s else None
        moments_s = [one.candidate.time_s for one in winners] + ([] if wanted_s is None else [wanted_s])
        best_seen = decoder.probe(better(moments_s), progress) if better else video
        picks = _picks(winners, scored, best_seen, seen, options, models, decoder, progress)
        wanted: Sequence[Crop] = ()
        if wanted_s is not None:
            wanted = take_exactly(wanted_s, best_seen, scan.candidates, decoder, options, models)
    return Run(
        video=video,
        picks=picks,
        losers=_losers(scan.candidates, left_out, scored, lost),
        chosen=tuple(winners),
        shot_starts_s=scan.shot_starts_s,
        model=models.scorer.name,
        timings_s=watch.timings_s,
        note="; ".join(
            _notes(
                winners[0].candidate,
                is_avoided=worth[chosen[0]] in avoided,
                is_elsewhere=bool(options.prefer) and chosen[0] not in preferred,
            )
        ),
        recalled=len(seen),
        wanted=tuple(wanted),
    )


class _Stopwatch:
    """Times the stages, and tells how far each is."""

    def __init__(self, on_progress: Progress) -> None:
        self._on_progress = on_progress
        self.timings_s: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Time one stage; yields what hears the share of it that is done."""
        self._on_progress(name, 0.0)
        start_s = time.monotonic()
        yield partial(self._on_progress, name)
        self.timings_s[name] = time.monotonic() - start_s
        self._on_progress(name, 1.0)


def _picks(
    winners: Sequence[Scored],
    everyone: list[Scored],
    video: Video,
    seen: Mapping[float, Seen],
    options: Options,
    models: Models,
    decoder: Decoder,
    on_progress: Callable[[float], None],
) -> tuple[Pick, ...]:
    """Take the winners' stills and crop them."""
    candidates = [one.candidate for one in winners]
    times_s, actives = [c.time_s for c in candidates], [c.active for c in candidates]
    stills = decoder.take_stills(video, times_s, actives, on_progress=on_progress)
    check_stills(candidates, stills, seen)
    return tuple(
        make_pick(number, winner, still, everyone, options, models)
        for number, (winner, still) in enumerate(zip(winners, stills, strict=True), start=1)
    )


def _losers(
    candidates: Sequence[Candidate],
    left_out: Mapping[int, str],
    scored: Sequence[Scored],
    lost: Mapping[int, str],
) -> tuple[Loser, ...]:
    """Everything that was not picked, in order of time: left out before scoring, or lost after it."""
    losers = [Loser(candidates[index], why) for index, why in left_out.items()]
    losers += [Loser(scored[index].candidate, why, scored[index]) for index, why in lost.items()]
    return tuple(sorted(losers, key=lambda loser: loser.candidate.time_s))


def _scan(
    video: Video, decoder: Decoder, memory: Memory | None, on_progress: Callable[[float], None]
) -> tuple[Scan, Mapping[float, Seen]]:
    """Find candidates; also what an earlier run saw of them, by their times."""
    if memory is None:
        return decoder.scan(video, on_progress), {}
    return recall(memory, video, decoder, on_progress)


def score(
    candidates: Sequence[Candidate],
    title: str,
    models: Models,
    on_progress: Callable[[float], None],
    seen: Mapping[float, Seen] = MappingProxyType({}),
) -> list[Scored]:
    """Look with CLIP and the face finder at those candidates that an earlier run has not looked at."""
    before = [seen.get(candidate.time_s, UNSEEN) for candidate in candidates]
    unknown = [index for index, one in enumerate(before) if one.embedding is None]
    embedded = models.scorer.embed([candidates[index].rgb for index in unknown], on_progress)
    new = dict(zip(unknown, embedded, strict=True))
    embeddings = np.stack(
        [new[index] if one.embedding is None else one.embedding for index, one in enumerate(before)]
    )
    return rank(
        candidates,
        embeddings,
        appeal=models.scorer.appeal(embeddings),
        relevance=models.scorer.relevance(embeddings, title) if title else None,
        faces=[
            models.faces.find(candidate.rgb) if one.faces is None else one.faces
            for candidate, one in zip(candidates, before, strict=True)
        ],
    )


def make_pick(
    number: int, scored: Scored, still: Still, everyone: list[Scored], options: Options, models: Models
) -> Pick:
    """Turn a chosen candidate and its full-resolution still into crops with reasons."""
    faces = models.faces.find(still.rgb)
    height, width = still.rgb.shape[:2]
    return Pick(
        rank=number,
        time_s=still.time_s,
        shot=scored.candidate.shot,
        score=scored.score,
        parts=scored.parts,
        reasons=defects(scored.candidate.cues) or reasons(scored, everyone),
        faces=faces,
        still_width_px=width,
        still_height_px=height,
        crops=tuple(crop(still.rgb, aspect, faces) for aspect in options.aspects),
    )


def take_exactly(
    time_s: float,
    video: Video,
    candidates: Sequence[Candidate],
    decoder: Decoder,
    options: Options,
    models: Models,
) -> tuple[Crop, ...]:
    """Cut the frame of just this moment, however it looks; bars are where the nearest candidate has them."""
    nearest = min(candidates, key=lambda candidate: abs(candidate.time_s - time_s))
    (still,) = decoder.take_stills(video, [time_s], [nearest.active], refine=False)
    faces = models.faces.find(still.rgb)
    return tuple(crop(still.rgb, aspect, faces) for aspect in options.aspects)


def _notes(best: Candidate, *, is_avoided: bool, is_elsewhere: bool) -> Iterator[str]:
    """Sentences where the result needs them: it has defects, or does not lie where it should."""
    if found := defects(best.cues):
        yield f"no frame is free of defects; the best one is {' and '.join(found)}"
    if is_avoided:
        yield "every frame lies in a range to avoid, so none was avoided"
    if is_elsewhere:
        yield "no usable frame lies in a preferred range"
