"""Shows the best candidates to a judge, and lets what it says count as far as it may.

A judge may fail in many ways, and none of them costs a video its picks: they stand as they are without it,
and the note says why.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from worker.errors import ThumbsError, Unjudged
from worker.pipeline.judging.pictures import take_pictures
from worker.pipeline.judging.shown import choose_shown
from worker.pipeline.judging.verdict import Say
from worker.pipeline.judging.vetoes import find_vetoes
from worker.pipeline.judging.weighing import is_led, is_near_tie, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from worker.pipeline.frames import Scored
    from worker.pipeline.judging.verdict import Judge, Verdict
    from worker.pipeline.media import Video
    from worker.pipeline.options import Options
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.learned_head import LearnedHead
    from worker.pipeline.scoring.models import Models
    from worker.pipeline.selection.claims import Claims

log = logging.getLogger(__name__)

TOO_FEW_NOTE = "the judge was not asked: all frames show the same picture"
UNDECODED, UNKNOWN = "undecoded", "unknown"  #: why nobody judged, where the judge itself does not know of it


@dataclass(frozen=True, slots=True)
class JudgedCandidates:
    """All scored candidates of a video, after a judge has looked at the best; or nobody has."""

    scored: Sequence[Scored]
    head: LearnedHead | None  #: that has a say in these scores; none has where the judge leads
    vetoed: Mapping[int, str] = field(default_factory=dict)  #: why each of these indexes is not picked
    verdict: Verdict | None = None
    is_led: bool = False  #: whether the judge's order stands in place of the scores
    note: str = ""  #: a sentence for people, where the judge gave no verdict
    unjudged: str = ""  #: the same in a word, as of `Unjudged`


def has_say(judge: Judge | None) -> bool:
    """Tell whether a judge is to be asked at all."""
    return judge is not None and judge.say is not Say.NOTHING


def show_to_judge(
    scored: Sequence[Scored],
    claims: Claims,
    video: Video,
    options: Options,
    models: Models,
    decoder: Decoder,
    on_progress: Callable[[float], None],
) -> JudgedCandidates:
    """Show the best candidates to a judge; where fewer than two could be shown, it is not asked.

    Args:
        scored: all that were scored, at least one.
        claims: what besides the score speaks for or against them.
        video: the file that was scanned.
        options: the first aspect is what the pictures are cut to.
        models: the judge, and what finds what the cut goes around.
        decoder: what opens the file.
        on_progress: gets the fraction of the pictures taken, 0..1. What it raises ends the work.
    """
    judge = models.judge
    shown = choose_shown(scored, judge.most_pictures, claims) if judge else []
    if not judge:
        return JudgedCandidates(scored, models.head_in_use)
    if len(shown) < 2:  # noqa: PLR2004 - of one there is no order
        return JudgedCandidates(scored, models.head_in_use, note=TOO_FEW_NOTE)
    wants_order = judge.say is Say.LEAD
    if judge.say is Say.TIES:
        wants_order = is_near_tie(scored, shown, claims.preferred)
    candidates = [scored[index].candidate for index in shown]
    ended: list[Exception] = []
    tell = _noting(ended, on_progress)
    try:
        pictures = take_pictures(candidates, video, options.aspects[0], models, decoder, tell)
        verdict = judge.judge(pictures, options.title, in_order=wants_order)
        # What it may decide now: a verdict may be recalled from when it was more, or less.
        verdict = replace(verdict, say=judge.say)
        vetoed = find_vetoes(scored, shown, verdict.descriptions)
        weighed = weigh(scored, shown, vetoed, verdict)
        leads = is_led(weighed, verdict)
        return JudgedCandidates(weighed, None if leads else models.head_in_use, vetoed, verdict, is_led=leads)
    except Unjudged as exc:
        return JudgedCandidates(scored, models.head_in_use, note=f"nobody judged: {exc}", unjudged=exc.result)
    except ThumbsError:  # the work is to end, or there is no video: no matter of the judge's
        raise
    except Exception:
        if ended:
            raise
        # A fault of ours, or of somebody's own judge. It is for the log, and not for the video to fail of.
        log.exception("the judge failed in a way that it must not")
        return JudgedCandidates(
            scored,
            models.head_in_use,
            note="nobody judged: the judge failed in an unknown way; the log tells how",
            unjudged=UNKNOWN,
        )


def _noting(raised: list[Exception], on_progress: Callable[[float], None]) -> Callable[[float], None]:
    """Have whoever hears of the progress end the work, by whatever error."""

    def tell(fraction: float) -> None:
        try:
            on_progress(fraction)
        except Exception as exc:
            raised.append(exc)
            raise

    return tell
