"""Gather what a judge said of an asset's newest run, and what its say rests on, for `thumbs show`."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from worker.admin.judge.said import frames_shown
from worker.database.learning import JudgeCheck, JudgeVerdict
from worker.judge.answers import Wrong, read_order
from worker.judge.documents import verdict_of
from worker.judge.keys import seed_of
from worker.judge.readings import orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.admin.asset_history import AssetHistory
    from worker.admin.judge.said import FrameShown
    from worker.pipeline.judging.verdict import Verdict


class JudgeHistory(NamedTuple):
    """What a judge said, and why it may say so much."""

    frames: list[FrameShown]  #: that it was shown in the newest run, in its order
    check: JudgeCheck | None  #: the newest one of this model before that run; None: nobody had measured it
    verdict: JudgeVerdict | None  #: that was used last, also by an earlier run


class JudgeAnswer(NamedTuple):
    """One answer of a judge, and what it was given to."""

    shown: list[int]  #: pictures in the order shown, which had the letters A, B, C ...; see `answers_of`
    best_first: list[int]  #: the same pictures as it put them; none in its first answer, which describes them
    raw: str  #: as it came


def read_judge(session: Session, history: AssetHistory) -> JudgeHistory:
    """Read what a judge said of an asset, in two statements at most."""
    newest = select(JudgeVerdict).where(JudgeVerdict.asset_id == history.asset.id)
    verdict = session.scalars(
        newest.order_by(JudgeVerdict.used_at.desc(), JudgeVerdict.id.desc()).limit(1)
    ).first()
    frames = frames_shown(history.candidates, (pick.rank for pick in history.thumbnails))
    if not frames or not history.thumbnails:
        return JudgeHistory(frames, None, verdict)
    first = history.thumbnails[0]
    checks = select(JudgeCheck).where(
        JudgeCheck.model == frames[0].judged.model,
        JudgeCheck.sight == first.model,
        JudgeCheck.at <= first.created_at,
    )
    if verdict is not None:
        checks = checks.where(JudgeCheck.prompt_version == verdict.prompt_version)
    check = session.scalars(checks.order_by(JudgeCheck.id.desc()).limit(1)).first()
    return JudgeHistory(frames, check, verdict)


def answers_of(judge: JudgeHistory) -> list[JudgeAnswer]:
    """List the answers of the newest verdict: what its pictures show, then each reading of their order.

    Pictures are named by the numbers of their frames, as `numbered_candidates` gives them; by their place in
    time, from 1, where the newest run did not show these.
    """
    if judge.verdict is None:
        return []
    try:
        verdict = verdict_of(judge.verdict.verdict)
    except ValueError:  # of another version
        return []
    numbers = _numbers(judge.frames, verdict)
    order = list(range(len(numbers)))
    # Of a couple that was not finished there may be one answer more.
    readings = len(verdict.answers) - 1
    couples = orders(len(numbers), readings + readings % 2, seed_of(judge.verdict.key))
    asked = [order, *(one for couple in couples for one in couple)]
    return [_answer(list(shown), raw, numbers) for shown, raw in zip(asked, verdict.answers, strict=False)]


def _numbers(frames: Sequence[FrameShown], verdict: Verdict) -> list[int]:
    """Find the numbers of a verdict's pictures, which were shown in the order of time."""
    in_time = sorted(frames, key=lambda one: one.time_s)
    if [one.judged.subject for one in in_time] == [one.subject for one in verdict.descriptions]:
        return [one.number for one in in_time]
    return list(range(1, len(verdict.descriptions) + 1))


def _answer(shown: Sequence[int], raw: str, numbers: Sequence[int]) -> JudgeAnswer:
    try:
        best_first = [shown[at] for at in read_order(raw, ascii_uppercase[: len(shown)])]
    except Wrong:  # it is the description
        best_first = []
    return JudgeAnswer([numbers[one] for one in shown], [numbers[one] for one in best_first], raw)
