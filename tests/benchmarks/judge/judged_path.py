"""The product's own path over judged frames: they are a video's candidates, and their pictures its stills.

What our score would know of these frames by its taste is left out: the scores of heads that have not seen
their videos take its place (`worker.weights.training.taste.held_out`).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from tests.support.remembering_models import RememberingScorer, remembering
from worker.pipeline.frames import Scan, Still
from worker.pipeline.media import TransferFunction, Video
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.scoring.models import Models, score
from worker.weights.training.taste.features.pictures import candidates_of, read_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate, Rgb
    from worker.pipeline.judging.verdict import Judge
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.clip_scorer import ClipScorer, ModelOutput
    from worker.weights.training.taste.judged_set import JudgedVideo


WHOLE = Options(aspects=("source",))  #: the editor judged whole frames, and so does the judge


class Picked(NamedTuple):
    """What a run picked."""

    first: int  #: place in the video of the frame that is shown first
    times_s: tuple[float, ...]  #: of all picks
    note: str
    requests: int = 0
    tokens: int = 0


class JudgedPath:
    """Runs the pipeline over the judged frames of videos.

    Args:
        videos: of a judged set.
        tastes: of each, (frames,) held-out scores.
        model: whose score is measured.
    """

    def __init__(
        self, videos: Sequence[JudgedVideo], tastes: Sequence[NDArray[np.float64]], model: str = "lite"
    ) -> None:
        self._models = remembering(Models.load(model))
        self._candidates: dict[str, list[Candidate]] = {}
        self._tastes = {video.name: taste for video, taste in zip(videos, tastes, strict=True)}

    def pick(self, video: JudgedVideo, judge: Judge | None = None) -> Picked:
        """Pick of a video's judged frames, as the product does.

        Args:
            video: one of them.
            judge: looks at the best of its frames.
        """
        candidates, models = self._seen(video)
        models = replace(models, judge=judge)
        decoder = cast("Decoder", _JudgedDecoder(video, candidates))
        run = pick_thumbnails(video.frames[0].file, WHOLE, models, decoder)
        times_s = [frame.time_s for frame in video.frames]
        return Picked(
            times_s.index(run.chosen[0].candidate.time_s), tuple(pick.time_s for pick in run.picks), run.note
        )

    def scores(self, video: JudgedVideo) -> NDArray[np.float64]:
        """Score a video's judged frames: (frames,), in the set's order."""
        candidates, models = self._seen(video)
        scored = score(candidates, "", models, lambda _done: None)
        by_time = {one.candidate.time_s: one.score for one in scored}
        return np.array([by_time[frame.time_s] for frame in video.frames], np.float64)

    def _seen(self, video: JudgedVideo) -> tuple[list[Candidate], Models]:
        """Make candidates of frames, in order of time, and the models that judge them."""
        if video.name not in self._candidates:
            self._candidates[video.name] = candidates_of(video)
        made = zip(self._candidates[video.name], self._tastes[video.name], strict=True)
        in_time = sorted(made, key=lambda one: one[0].time_s)
        scorer = _HeldOutScorer(self._models.scorer, [float(taste) for _, taste in in_time])
        return [candidate for candidate, _ in in_time], replace(self._models, scorer=scorer)


class _HeldOutScorer(RememberingScorer):
    """Our scorer, with a taste that has not seen the video."""

    def __init__(self, scorer: ClipScorer, tastes: Sequence[float]) -> None:
        vars(self).update(vars(scorer))
        self._held_out = np.array(tastes, np.float32)

    def look(
        self, pictures: Sequence[Rgb], on_progress: Callable[[float], None] = lambda _fraction: None
    ) -> ModelOutput:
        """Look at all candidates of the video, in order of time."""
        found = super().look(pictures, on_progress)
        return found._replace(tastes=self._held_out) if len(pictures) == len(self._held_out) else found


class _JudgedDecoder:
    """What opens a video of which there are only the judged frames."""

    def __init__(self, video: JudgedVideo, candidates: Sequence[Candidate]) -> None:
        self._video = video
        self._candidates = candidates
        self._files = {frame.time_s: frame.file for frame in video.frames}

    def probe(self, path: object, *_: object, **__: object) -> Video:
        """Tell the size of its first frame, and its length."""
        height, width = read_frame(self._video.frames[0].file).shape[:2]
        return Video(
            path=path,  # type: ignore[arg-type] # a path, which the decoder of the product checks
            duration_s=self._video.duration_s,
            width_px=width,
            height_px=height,
            rotation_deg=0,
            sample_aspect_ratio=Fraction(1),
            frame_rate=Fraction(25),
            is_vfr=False,
            is_interlaced=False,
            transfer=TransferFunction.SDR,
            codec="h264",
            start_s=0.0,
        )

    def scan(self, *_: object) -> Scan:
        """Find the judged frames."""
        return Scan(tuple(self._candidates), (0.0,), len(self._candidates), is_sampled=False)

    def take_stills(self, _video: Video, times_s: Sequence[float], *_: object, **__: object) -> list[Still]:
        """Show the judged frames of these moments."""
        return [Still(time_s, read_frame(self._files[time_s])) for time_s in times_s]
