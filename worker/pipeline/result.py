"""From what was chosen to what the caller gets: stills cut to every aspect, reasons, losers and notes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from worker.confinement.cores import available_cores
from worker.pipeline.crop.crop import crops
from worker.pipeline.cues.confidence import CERTAIN
from worker.pipeline.cues.defects import defects, telling
from worker.pipeline.display.small_frames import PIXELS
from worker.pipeline.earlier_run import check_stills
from worker.pipeline.frames import Eyes, Loser, Pick
from worker.pipeline.open_eyes import take_open_eyed
from worker.pipeline.scoring.text import STILL_SIDE_PX
from worker.pipeline.selection.reasons import ANOTHER_MOMENT, ANOTHER_SCENE, PREFERRED, Explanation
from worker.pipeline.shrink import shrink
from worker.text import fault_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate, Crop, Face, Rgb, Scored, SeenCandidate, Still
    from worker.pipeline.media import Video
    from worker.pipeline.options import Options
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models


# Only what was measured is said.
EYES_SHUT = "eyes shut"
_EYES = {Eyes.OPEN: ("eyes_open",), Eyes.SHUT: ("eyes_shut",)}

# Why a place went to a scene, whichever of its frames is shown.
_OF_SCENE = {ANOTHER_SCENE, ANOTHER_MOMENT, PREFERRED}

# Less than this is a scratch that costs nobody a pick.
MAX_DAMAGED_SHARE = 0.05


def take_picks(
    chosen: Sequence[int],
    explanations: Sequence[Explanation],
    others: Sequence[int],
    scored: Sequence[Scored],
    video: Video,
    seen: Mapping[float, SeenCandidate],
    options: Options,
    models: Models,
    decoder: Decoder,
    on_progress: Callable[[float], None],
) -> tuple[tuple[Pick, ...], list[int]]:
    """Take the winners' stills at full resolution and cut them, best first.

    Args:
        chosen: indexes of the winners, best first.
        explanations: why each of them was chosen.
        others: indexes of what may be taken where somebody's eyes are shut in a winner.
        scored: all that were scored.
        video: the file that shows the picture best.
        seen: what an earlier run saw, by its time; stills are compared with it.
        options: names the aspects.
        models: finds faces in the stills.
        decoder: what opens the file.
        on_progress: called again and again while stills are decoded.

    Returns:
        The picks, and the index of what each is of: the winner, or one of the others.

    Raises:
        Unfit: a still shows something else than the earlier run saw at its time.
    """
    taken = take_open_eyed(chosen, others, scored, video, decoder, models.faces.yunet, on_progress)
    shown = [scored[one.position] for one in taken]
    check_stills([one.candidate for one in shown], [one.still for one in taken], seen)
    stills, winners = [one.still for one in taken], [scored[index] for index in chosen]
    cut = partial(_pick, options=options, models=models)
    with ThreadPoolExecutor(available_cores()) as pool:
        picks = tuple(pool.map(cut, count(1), shown, stills, winners, explanations))
    return picks, [one.position for one in taken]


def _pick(
    number: int,
    shown: Scored,
    still: Still,
    winner: Scored,
    why: Explanation,
    options: Options,
    models: Models,
) -> Pick:
    # The faces of the small candidate chose the frame; the crop needs those of the still, to the pixel.
    faces = models.faces.find(still.rgb)
    height, width = still.rgb.shape[:2]
    is_winner = shown is winner
    why = why if is_winner else _why_in_place(shown, why)
    return Pick(
        rank=number,
        time_s=still.time_s,
        shot=shown.candidate.shot,
        score=shown.score,
        parts=shown.parts,
        reasons=defects(shown.candidate.cues) or (*why.reasons, *_EYES.get(still.eyes, ())),
        faces=faces,
        still_width_px=width,
        still_height_px=height,
        crops=_cut(still, faces, options, models),
        prompts=shown.prompts,
        runner_up=why.runner_up,
        instead_of=None if is_winner else winner,
        by_judge=shown.by_judge,
    )


def _why_in_place(shown: Scored, why: Explanation) -> Explanation:
    """Keep what is true of the frame shown in place of a winner: why its scene, and what it leads in too."""
    other = why.runner_up
    if other is shown or (other is not None and other.score > shown.score):
        other = None
    led = {name for name, value in shown.parts.items() if other and value > other.parts.get(name, 0.0)}
    return Explanation(tuple(reason for reason in why.reasons if reason in _OF_SCENE | led), other)


def take_exactly(
    times_s: Sequence[float],
    video: Video,
    candidates: Sequence[Candidate],
    options: Options,
    models: Models,
    decoder: Decoder,
) -> tuple[tuple[Crop, ...], NDArray[np.float32] | None]:
    """Cut the frames of just these moments to every aspect, however they look, and embed the first.

    A person chose them, so neither defects nor better neighbours count. Bars are taken to be where the
    candidate nearest in time has them, for one frame alone does not show them surely.

    Returns:
        The crops, and the embedding, (d,) L2-normalized, that a candidate of the first moment would have;
        None without any moment.
    """
    if not times_s:
        return (), None
    nearest = [min(candidates, key=lambda one: abs(one.time_s - time_s)) for time_s in times_s]
    stills = decoder.take_stills(video, times_s, [one.active for one in nearest], refine=False)
    cut = (crop for still in stills for crop in _cut(still, models.faces.find(still.rgb), options, models))
    return tuple(cut), models.scorer.embed([_small(stills[0].rgb)])[0]


def _small(rgb: Rgb) -> Rgb:
    """Shrink a still to the size of a candidate, since what a model sees depends on it a little."""
    height, width = rgb.shape[:2]
    return shrink(rgb, (PIXELS / (width * height)) ** 0.5)


def _cut(still: Still, faces: Sequence[Face], options: Options, models: Models) -> tuple[Crop, ...]:
    text = models.text.find(still.rgb, STILL_SIDE_PX)
    return crops(still.rgb, options.aspects, faces, models.foreground.find(still.rgb), text)


def losers(
    candidates: Sequence[Candidate],
    left_out: Mapping[int, str],
    scored: Sequence[Scored],
    lost: Mapping[int, str],
    taken: Sequence[int],
) -> tuple[Loser, ...]:
    """List everything that was not picked, in order of time.

    Args:
        candidates: all that the scan found.
        left_out: why a candidate was not scored, by its index in `candidates`.
        scored: all that were scored.
        lost: why one of these was not chosen, by its index in `scored`.
        taken: indexes of what was picked in the end; what was chosen else gave way because of somebody's
            eyes.
    """
    found = [Loser(candidates[index], why) for index, why in left_out.items()]
    found += [
        Loser(one.candidate, lost.get(index, EYES_SHUT), one)
        for index, one in enumerate(scored)
        if index not in taken
    ]
    return tuple(sorted(found, key=lambda loser: loser.candidate.time_s))


def notes(
    video: Video,
    candidates: Sequence[Candidate],
    best: Candidate,
    *,
    is_avoided: bool,
    is_outside_preferred: bool,
) -> Iterator[str]:
    """Yield a sentence for people where the result needs one.

    Args:
        video: the file, which may have notes of its own.
        candidates: all that the scan found.
        best: the candidate of the first pick.
        is_avoided: it lies in a range that the caller asked to avoid.
        is_outside_preferred: the caller preferred ranges, and it lies in none of them.
    """
    yield from video.notes
    damaged = sum(candidate.cues.data_loss > CERTAIN for candidate in candidates)
    if damaged > MAX_DAMAGED_SHARE * len(candidates):
        share = damaged / len(candidates)
        where = "the whole video" if damaged == len(candidates) else f"about {share:.0%} of the video"
        yield f"{where} is damaged: data is missing or broken there (copy or download it again)"
    if found := defects(best.cues):
        yield f"no frame is free of defects (the best one: {', '.join(map(fault_words, telling(found)))})"
    if is_avoided:
        yield "every frame lies in a range to avoid, so none was avoided"
    if is_outside_preferred:
        yield "no usable frame lies in a preferred range"
