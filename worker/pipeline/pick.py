"""The whole pipeline on one screen: a path in, the best frames out."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from worker.files.video_file import VideoFile
from worker.pipeline.crop.sizes import size_notes
from worker.pipeline.earlier_picks import find_again
from worker.pipeline.earlier_run import Unfit, decided_before, scan_after_edit
from worker.pipeline.frames import NOTHING_SEEN, Run
from worker.pipeline.judging.looking import JudgedCandidates, has_say, show_to_judge
from worker.pipeline.judging.vetoes import find_unsafe
from worker.pipeline.progress import Stopwatch
from worker.pipeline.result import losers, notes, take_exactly, take_picks
from worker.pipeline.safety.flags import FLAGGED_NOTE, Flags
from worker.pipeline.safety.rounds import ChosenStills, choose_safe
from worker.pipeline.scoring.models import score
from worker.pipeline.selection.by_hand import first_by_hand
from worker.pipeline.selection.claims import Claims
from worker.pipeline.selection.diversity import pick_diverse
from worker.pipeline.selection.ends import candidates_at_ends
from worker.pipeline.selection.reasons import explain
from worker.pipeline.selection.shortlist import shortlist
from worker.pipeline.selection.stand_ins import stand_ins
from worker.pipeline.selection.time_ranges import candidates_inside, candidates_near
from worker.text import UNSAFE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from worker.pipeline.earlier_picks import EarlierPick
    from worker.pipeline.earlier_run import Memory
    from worker.pipeline.frames import Candidate, Pick, Scan, Scored, SeenCandidate
    from worker.pipeline.media import Video
    from worker.pipeline.options import Options
    from worker.pipeline.progress import Progress
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models
    from worker.pipeline.selection.reasons import Explanation

    _Choice = tuple[list[int], dict[int, str], list[Explanation], int | None]

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
        models: what scores frames, and the judge.
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
        claims = _claims(scored, video, options, _find_again(earlier, scan.candidates, worth, avoided))
    judged = _show_to_judge(scored, claims, video, options, models, decoder, watch)
    flags = Flags.of(judged.scored, models.unsafe, find_unsafe(judged.scored), judged.vetoed)
    choose = partial(_choose, judged, options, claims)
    show = partial(_show, judged, claims, scan, seen, video, options, models, decoder, better)
    (_, lost, _, hand_rank), shown = choose_safe(flags, choose, show, watch)
    picks, taken = flags.without_flagged(shown.picks, shown.taken)
    winners = [judged.scored[index] for index in taken]
    return Run(
        video=shown.video,
        picks=picks,
        losers=losers(scan.candidates, left_out, judged.scored, lost | flags.vetoed(), taken),
        chosen=tuple(winners),
        shot_starts_s=scan.shot_starts_s,
        model=models.scorer.name,
        sight=models.scorer.sight,
        timings_s=watch.timings_s,
        note=_note(options, shown, scan, picks, winners, judged),
        recalled=len(seen),
        wanted=shown.wanted,
        wanted_embedding=shown.wanted_embedding,
        is_wanted_unsafe=flags.are_unsafe(shown.wanted),
        head_id=judged.head and judged.head.id,
        hand_rank=hand_rank if len(picks) == len(shown.picks) else None,
        verdict=judged.verdict,
        unjudged=judged.unjudged,
    )


def _show(
    judged: JudgedCandidates,
    claims: Claims,
    scan: Scan,
    seen: Mapping[float, SeenCandidate],
    video: Video,
    options: Options,
    models: Models,
    decoder: Decoder,
    better: Callable[[Sequence[float]], VideoFile] | None,
    choice: _Choice,
    on_progress: Callable[[float], None],
) -> ChosenStills:
    """Take the stills of what was chosen, and of what a person chose."""
    chosen, lost, why, _ = choice
    asked_s = options.chosen_within(video.begins_at_s, video.duration_s)
    times_s = [judged.scored[index].candidate.time_s for index in chosen] + asked_s
    video, file, is_whole = _find_shown(video, better, times_s, decoder, on_progress)
    others = stand_ins(judged.scored, lost, claims.preferred, judged.vetoed) if is_whole else []
    picks, taken = take_picks(
        chosen, why, others, judged.scored, file, seen, options, models, decoder, on_progress
    )
    wanted, embedding = take_exactly(asked_s, file, scan.candidates, options, models, decoder)
    return ChosenStills(video, file, picks, taken, wanted, embedding)


def _note(
    options: Options,
    shown: ChosenStills,
    scan: Scan,
    picks: Sequence[Pick],
    winners: Sequence[Scored],
    judged: JudgedCandidates,
) -> str:
    """Say what people should know of the result."""
    best, active = winners[0].candidate, [one.candidate.active for one in winners]
    video, flagged = shown.video, FLAGGED_NOTE if UNSAFE in picks[0].reasons else ""
    is_avoided = bool(candidates_near(options.avoid, [best], video))
    is_outside = bool(options.prefer) and not candidates_inside(options.prefer, [best], video)
    sentences = notes(video, scan.candidates, best, is_avoided=is_avoided, is_outside_preferred=is_outside)
    return "; ".join(filter(None, [flagged, *sentences, *size_notes(picks, active, shown.file), judged.note]))


def _show_to_judge(
    scored: Sequence[Scored],
    claims: Claims,
    video: Video,
    options: Options,
    models: Models,
    decoder: Decoder,
    watch: Stopwatch,
) -> JudgedCandidates:
    """Show the best candidates to the judge, if there is one that has a say."""
    if not has_say(models.judge):
        return JudgedCandidates(scored, models.head_in_use)
    with watch.stage("judge") as progress:
        return show_to_judge(scored, claims, video, options, models, decoder, progress)


def _scan(
    video: Video, memory: Memory | None, decoder: Decoder, on_progress: Callable[[float], None]
) -> tuple[Scan, Mapping[float, SeenCandidate]]:
    """Find the candidates, and which of them an earlier run has seen."""
    if memory is not None and video.pieces:
        raise Unfit("only pieces of it are here, which may not hold the moments that were looked at before")
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


def _claims(scored: Sequence[Scored], video: Video, options: Options, again: Sequence[int]) -> Claims:
    """Find what besides their scores speaks for or against candidates."""
    candidates = [one.candidate for one in scored]
    preferred = candidates_inside(options.prefer, candidates, video)
    # An end of the video that the caller prefers is as good as any place.
    return Claims(preferred, again, candidates_at_ends(candidates, video) - preferred)


def _choose(judged: JudgedCandidates, options: Options, claims: Claims, vetoed: Mapping[int, str]) -> _Choice:
    """Choose the picks, by index; say why all others lost, and why each pick was chosen.

    Returns:
        At the end the rank of what would be first without a learned head; None where it is no pick, or there
        is no head.
    """
    scored = judged.scored
    if (
        judged.is_led
    ):  # who has seen an end of the video, and puts it first, knows that nothing is wrong there
        claims = claims._replace(at_ends=frozenset(i for i in claims.at_ends if not scored[i].by_judge))
    by_hand = first_by_hand(scored, *claims, vetoed) if judged.head else None
    second = by_hand if options.shows_hand_pick else None
    chosen, lost, kept = pick_diverse(scored, options.count, *claims, second, vetoed)
    why = explain(
        chosen,
        scored,
        lost,
        claims.preferred,
        kept=kept,
        no_rivals=claims.at_ends | vetoed.keys(),
        by_hand=second,
        is_led=judged.is_led,
    )
    return chosen, lost, why, chosen.index(by_hand) + 1 if by_hand in chosen else None


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
        pieces=file.pieces,
        pages=file.pages,
    )
    return replace(video, notes=(file.note, *video.notes)) if file.note else video
