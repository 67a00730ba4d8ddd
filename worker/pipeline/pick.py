"""The whole pipeline on one screen: a path in, the best frames out."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from worker.files.video_file import VideoFile
from worker.pipeline.crop.sizes import size_notes
from worker.pipeline.earlier_picks import find_again
from worker.pipeline.earlier_run import Unfit, decided_before, scan_after_edit
from worker.pipeline.frames import NOTHING_SEEN, Run
from worker.pipeline.progress import Stopwatch
from worker.pipeline.result import losers, notes, take_exactly, take_picks
from worker.pipeline.safety.flags import FLAGGED_NOTE, Flags
from worker.pipeline.scoring.models import score
from worker.pipeline.selection.by_hand import first_by_hand
from worker.pipeline.selection.diversity import WEAK_SHARE, pick_diverse
from worker.pipeline.selection.ends import AT_AN_END, candidates_at_ends
from worker.pipeline.selection.reasons import explain
from worker.pipeline.selection.shortlist import shortlist
from worker.pipeline.selection.time_ranges import candidates_inside, candidates_near
from worker.text import UNSAFE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from worker.pipeline.earlier_picks import EarlierPick
    from worker.pipeline.earlier_run import Memory
    from worker.pipeline.frames import Candidate, Crop, Pick, Scan, Scored, SeenCandidate
    from worker.pipeline.media import Video
    from worker.pipeline.options import Options
    from worker.pipeline.progress import Progress
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.learned_head import LearnedHead
    from worker.pipeline.scoring.models import Models
    from worker.pipeline.selection.reasons import Explanation

    _Choice = tuple[list[int], dict[int, str], list[Explanation], int | None]
    """Indexes of the picks, best first; why all others lost; why each pick was chosen; and `hand_rank`."""

log = logging.getLogger(__name__)


def pick_thumbnails(
    file: VideoFile | Path,
    options: Options,
    models: Models,
    decoder: Decoder,
    on_progress: Progress = lambda _stage, _fraction: None,
    better: Callable[[Sequence[float]], VideoFile] | None = None,
    memory: Memory | None = None,
    earlier: Sequence[EarlierPick] = (),
) -> Run:
    """Pick the best frames of a video and crop them, best first; at least one.

    Args:
        file: the video, or a piece of it; the times of options and picks are those of the whole video.
        options: what is wanted.
        models: what judges.
        decoder: what opens videos.
        on_progress: gets the stage and the fraction of it done.
        better: given the picked moments in seconds, finds a file of the same video that shows them better.
        memory: what an earlier run saw; where it does not fit, the whole video is looked at.
        earlier: what that run picked, best first; it stays unless something else is clearly better.

    Raises:
        PermanentError: the file is no video we can use; the message names the remedy.
        TransientError: the decoder died or hung, or memory ran out; trying again may help.
    """
    file = file if isinstance(file, VideoFile) else VideoFile(file)
    pick = partial(_pick, file, options, models, decoder, on_progress, better, earlier)
    if memory is not None:
        try:
            return pick(memory)
        except Unfit as exc:
            log.info("the whole video is looked at: %s", exc)
    return pick(None)


def _pick(
    file: VideoFile,
    options: Options,
    models: Models,
    decoder: Decoder,
    on_progress: Progress,
    better: Callable[[Sequence[float]], VideoFile] | None,
    earlier: Sequence[EarlierPick],
    memory: Memory | None,
) -> Run:
    watch = Stopwatch(on_progress)
    with watch.stage("probe") as progress:
        video = _probe(file, decoder, progress)
    with watch.stage("scan") as progress:
        scan, seen = _scan(video, memory, decoder, progress)
    with watch.stage("score") as progress:
        avoided = candidates_near(options.avoid, scan.candidates, video)
        worth, left_out = shortlist(scan.candidates, avoided, decided=decided_before(scan.candidates, seen))
        scored = score([scan.candidates[index] for index in worth], options.title, models, progress, seen)
    with watch.stage("pick"):
        preferred = candidates_inside(options.prefer, [one.candidate for one in scored], video)
        again = _find_again(earlier, scan.candidates, worth, avoided)
    flags = Flags(scored, models.unsafe)
    choose = partial(_choose, scored, video, options, preferred, again, models.head_in_use)
    show = partial(_show, scan, scored, seen, preferred, video, options, models, decoder, better)
    (_, lost, _, hand_rank), shown = _choose_safe(flags, choose, show, watch)
    picks, taken = flags.without_flagged(shown.picks, shown.taken)
    winners = [scored[index] for index in taken]
    is_avoided, is_outside = worth[taken[0]] in avoided, bool(options.prefer) and taken[0] not in preferred
    return Run(
        video=shown.video,
        picks=picks,
        losers=losers(scan.candidates, left_out, scored, lost | flags.vetoed(), taken),
        chosen=tuple(winners),
        shot_starts_s=scan.shot_starts_s,
        model=models.scorer.name,
        sight=models.scorer.sight,
        timings_s=watch.timings_s,
        note=_note(shown, scan, picks, winners, is_avoided=is_avoided, is_outside=is_outside),
        recalled=len(seen),
        wanted=shown.wanted,
        wanted_embedding=shown.wanted_embedding,
        is_wanted_unsafe=flags.are_unsafe(shown.wanted),
        head_id=models.head_in_use and models.head_in_use.id,
        hand_rank=hand_rank if picks == shown.picks else None,
    )


class _Shown(NamedTuple):
    """The stills of what was chosen."""

    video: Video  #: that was looked at, with the notes of both files
    file: Video  #: that the stills come from
    picks: tuple[Pick, ...]
    taken: list[int]  #: the index of what each of them is of
    wanted: tuple[Crop, ...]
    wanted_embedding: NDArray[np.float32] | None


def _choose_safe(
    flags: Flags,
    choose: Callable[[Mapping[int, str]], _Choice],
    show: Callable[[_Choice, Callable[[float], None]], _Shown],
    watch: Stopwatch,
) -> tuple[_Choice, _Shown]:
    """Choose, and take the stills, until none is flagged as unsafe or nothing else is left."""
    while True:
        with watch.stage("pick"):
            choice = flags.choose(choose)
        with watch.stage("stills") as progress:
            shown = show(choice, progress)
            if not flags.look_again(shown.picks, shown.taken):
                return choice, shown


def _show(
    scan: Scan,
    scored: Sequence[Scored],
    seen: Mapping[float, SeenCandidate],
    preferred: frozenset[int],
    video: Video,
    options: Options,
    models: Models,
    decoder: Decoder,
    better: Callable[[Sequence[float]], VideoFile] | None,
    choice: _Choice,
    on_progress: Callable[[float], None],
) -> _Shown:
    """Take the stills of what was chosen, and of what a person chose."""
    chosen, lost, why, _ = choice
    asked_s = options.chosen_within(video.begins_at_s, video.duration_s)
    times_s = [scored[index].candidate.time_s for index in chosen] + asked_s
    video, file, is_whole = _find_shown(video, better, times_s, decoder, on_progress)
    others = _next_best(scored, lost, preferred) if is_whole else []
    picks, taken = take_picks(chosen, why, others, scored, file, seen, options, models, decoder, on_progress)
    wanted, embedding = take_exactly(asked_s, file, scan.candidates, options, models, decoder)
    return _Shown(video, file, picks, taken, wanted, embedding)


def _note(
    shown: _Shown,
    scan: Scan,
    picks: Sequence[Pick],
    winners: Sequence[Scored],
    *,
    is_avoided: bool,
    is_outside: bool,
) -> str:
    """Say what people should know of the result."""
    best, active = winners[0].candidate, [one.candidate.active for one in winners]
    sentences = notes(
        shown.video, scan.candidates, best, is_avoided=is_avoided, is_outside_preferred=is_outside
    )
    flagged = [FLAGGED_NOTE] if UNSAFE in picks[0].reasons else []
    return "; ".join([*flagged, *sentences, *size_notes(picks, active, shown.file)])


def _scan(
    video: Video, memory: Memory | None, decoder: Decoder, on_progress: Callable[[float], None]
) -> tuple[Scan, Mapping[float, SeenCandidate]]:
    """Find the candidates, and which of them an earlier run has seen."""
    if memory is None:
        return decoder.scan(video, on_progress), NOTHING_SEEN
    return scan_after_edit(memory, video, decoder, on_progress)


def _find_again(
    earlier: Sequence[EarlierPick],
    candidates: Sequence[Candidate],
    worth: Sequence[int],
    avoided: frozenset[int],
) -> list[int]:
    """Find what was picked before, by index of `worth`; a neighbour of what is avoided now is not it."""
    known = [*worth, *sorted(avoided.difference(worth))]
    found = find_again(earlier, [candidates[index] for index in known])
    return [index for index in found if index < len(worth)]


def _choose(
    scored: Sequence[Scored],
    video: Video,
    options: Options,
    preferred: frozenset[int],
    again: Sequence[int],
    head: LearnedHead | None,
    vetoed: Mapping[int, str],
) -> _Choice:
    """Choose the picks, by index; say why all others lost, and why each pick was chosen.

    Returns:
        At the end the rank of what would be first without a learned head; None where it is no pick, or there
        is no head.
    """
    judged = [one.candidate for one in scored]
    # An end of the video that the caller prefers is as good as any place.
    at_ends = candidates_at_ends(judged, video) - preferred
    by_hand = first_by_hand(scored, preferred, again, at_ends, vetoed) if head else None
    second = by_hand if options.shows_hand_pick else None
    chosen, lost, kept = pick_diverse(scored, options.count, preferred, again, at_ends, second, vetoed)
    why = explain(chosen, scored, lost, preferred, kept=kept, at_ends=at_ends, by_hand=second)
    return chosen, lost, why, chosen.index(by_hand) + 1 if by_hand in chosen else None


def _next_best(scored: Sequence[Scored], lost: Mapping[int, str], preferred: frozenset[int]) -> list[int]:
    """List what may be shown in place of a pick: as good as a pick has to be, and where it is preferred."""
    least = sorted(one.hand_score for one in scored)[int(WEAK_SHARE * len(scored))]
    usable = (index for index, why in lost.items() if why not in {AT_AN_END, UNSAFE})
    fits = preferred or {index for index, one in enumerate(scored) if one.hand_score >= least}
    return [index for index in usable if index in fits]


def _find_shown(
    video: Video,
    better: Callable[[Sequence[float]], VideoFile] | None,
    times_s: Sequence[float],
    decoder: Decoder,
    on_progress: Callable[[float], None],
) -> tuple[Video, Video, bool]:
    """Find what the stills come from: the better file, if there is one and it can tell the moments.

    Where stamps jump, moments count what was played up to there, and pieces do not tell how much that is.

    Returns:
        The video that was looked at, with the notes of both; the one that the stills come from; and whether
        that one has other moments than `times_s` as well.
    """
    file = better(times_s) if better else None
    if file is None or (file.is_sparse and video.joined):
        return video, video, True
    # What the file leaves out is told of the one that was looked at.
    shown = _probe(replace(file, note=""), decoder, on_progress)
    told = tuple(dict.fromkeys([*video.notes, *shown.notes]))
    return replace(video, notes=told), shown, not file.is_sparse


def _probe(file: VideoFile, decoder: Decoder, on_progress: Callable[[float], None]) -> Video:
    video = decoder.probe(
        file.path,
        on_progress,
        file.begins_at_s,
        is_assembled=file.is_assembled,
        is_sparse=file.is_sparse,
    )
    return replace(video, notes=(file.note, *video.notes)) if file.note else video
