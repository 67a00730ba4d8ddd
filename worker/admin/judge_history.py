"""Gather what a judge said of an asset's newest run, and what its say rests on, for `thumbs show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from worker.admin.judged import judged_frames
from worker.database.learning import JudgeCheck, JudgeVerdict

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.admin.asset_history import AssetHistory
    from worker.admin.judged import JudgedFrame


class JudgeHistory(NamedTuple):
    """What a judge said, and why it may say so much."""

    frames: list[JudgedFrame]  #: that it was shown in the newest run, in its order
    check: JudgeCheck | None  #: the newest one of this model before that run; None: nobody had measured it
    verdict: JudgeVerdict | None  #: that was used last, also by an earlier run


def read_judge(session: Session, history: AssetHistory) -> JudgeHistory:
    """Read what a judge said of an asset, in two statements at most."""
    newest = select(JudgeVerdict).where(JudgeVerdict.asset_id == history.asset.id)
    verdict = session.scalars(
        newest.order_by(JudgeVerdict.used_at.desc(), JudgeVerdict.id.desc()).limit(1)
    ).first()
    frames = judged_frames(history.candidates, (pick.rank for pick in history.thumbnails))
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
