"""A run of the pipeline as rows of the database; `memory` reads them back for the next one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from worker.analysis.memory import MEASURED_BY
from worker.choices import CHOSEN_RANK, SAME_MOMENT_S
from worker.database.models import StoredCandidate, Thumbnail
from worker.jobs import Result
from worker.pipeline.cues.defects import defects
from worker.pipeline.earlier_run import encode_embedding
from worker.pipeline.jpeg import encode_jpeg
from worker.text import UNSAFE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from worker.pipeline.frames import Candidate, Crop, Face, Pick, Run, Scored
    from worker.pipeline.media import Video
    from worker.platforms.base import RemoteAsset
    from worker.timeline import Timeline

# An editor's cuts fall on frames, each up to half a frame from where it says.
CREDIBLE_S = 0.25

FILMSTRIP_QUALITY = 70  #: of JPEG; the small frames are looked at side by side, never published


def result_of(
    run: Run,
    asset: RemoteAsset,
    timings_s: Mapping[str, float],
    timeline: Timeline | None = None,
    chosen_s: float | None = None,
    *,
    may_publish_flagged: bool = False,
) -> Result:
    """Make the rows that are stored of a run.

    Args:
        run: what the pipeline found.
        asset: what the platform said about the content.
        timings_s: of the stages around the pipeline; its own are added.
        timeline: what is said to have been done to the video since the last run.
        chosen_s: the moment that a person chose, which the run has cut too.
        may_publish_flagged: whether picks that are flagged as unsafe may be written.
    """
    shown = zip(run.picks, run.chosen, strict=True)
    thumbnails = [_thumbnail(pick, crop, scored, run) for pick, scored in shown for crop in pick.crops]
    chosen = [_candidate(scored.candidate, scored, None, run) for scored in run.chosen]
    losers = [_candidate(loser.candidate, loser.scored, loser.why, run) for loser in run.losers]
    wanted = [_wanted(crop, chosen_s, run) for crop in run.wanted if chosen_s is not None]
    return Result(
        fingerprint=asset.fingerprint,
        thumbnails=thumbnails + wanted,
        candidates=chosen + losers,
        publish=thumbnails[0],
        timings_s={**timings_s, **run.timings_s},
        note="; ".join(filter(None, [run.note, _recalled(run)])),
        title=asset.title,
        is_private=asset.is_private,
        duration_s=run.video.duration_s,
        timeline=timeline if timeline and _is_credible(timeline, run.video) else None,
        pick_gap=_pick_gap(run),
        is_noted=bool(defects(run.chosen[0].candidate.cues)),
        is_flagged=run.is_flagged,
        is_held=run.is_flagged and not may_publish_flagged,
    )


def _pick_gap(run: Run) -> float | None:
    """Compute by how much pick 1 leads pick 2, as a share (0..1) of the range of all scores."""
    if len(run.picks) == 1:
        return None
    scores = [one.score for one in _scored(run)]
    # An earlier pick that stays may be the first although the second has the higher score.
    lead = max(0.0, run.picks[0].score - run.picks[1].score)
    return lead / (max(scores) - min(scores)) if lead else 0.0


def _is_credible(timeline: Timeline, video: Video) -> bool:
    """Tell whether the video lasts as long as the edit that was reported would make it."""
    return abs(timeline.duration_s - video.duration_s) <= CREDIBLE_S


def _recalled(run: Run) -> str:
    return f"{run.recalled} candidates of the last run were used again" if run.recalled else ""


def _thumbnail(pick: Pick, crop: Crop, scored: Scored, run: Run) -> Thumbnail:
    return Thumbnail(
        rank=pick.rank,
        time_s=pick.time_s,
        score=float(pick.score),
        parts=_plain(pick.parts),
        reasons=list(pick.reasons),
        faces=_stored_faces(pick.faces),
        model=run.sight,
        **_judged(scored, run),
        **_picture(crop),
    )


def _wanted(crop: Crop, chosen_s: float, run: Run) -> Thumbnail:
    """Make the row of what a person chose, which was not ranked."""
    return Thumbnail(
        rank=CHOSEN_RANK,
        time_s=chosen_s,
        score=0.0,
        parts={},
        reasons=["chosen", UNSAFE] if run.is_wanted_unsafe else ["chosen"],
        faces=[],
        model=run.sight,
        **_measured_at(chosen_s, run),
        **_picture(crop),
    )


def _measured_at(time_s: float, run: Run) -> dict[str, Any]:
    """Tell what a moment was measured to be: as a candidate of it was, or else by its still alone.

    A still is made small in another way than a candidate. To lite both look almost the same (cosines of .95
    to .99 on three clips, .3 to .95 between frames of one), but what is compared is best seen alike.
    """
    near = [one for one in _scored(run) if abs(one.candidate.time_s - time_s) <= SAME_MOMENT_S]
    if near:
        return _judged(min(near, key=lambda one: abs(one.candidate.time_s - time_s)), run)
    still = run.wanted_embedding
    return {"embedding": None if still is None else encode_embedding(still)}


def _scored(run: Run) -> list[Scored]:
    return [*run.chosen, *(loser.scored for loser in run.losers if loser.scored is not None)]


def _judged(scored: Scored, run: Run) -> dict[str, Any]:
    """Fill the columns of `JudgedRow`."""
    return {
        "embedding": encode_embedding(scored.embedding),
        "cues": _plain(scored.candidate.cues._asdict()),
        "hand_score": float(scored.hand_score),
        "head_id": run.head_id,
        "by_judge": _by_judge(scored, run),
    }


def _by_judge(scored: Scored, run: Run) -> dict[str, Any] | None:
    """Write what a judge said of a candidate, and who it was; None where it was not shown to one."""
    said, verdict = scored.by_judge, run.verdict
    if said is None or verdict is None:
        return None
    return {
        "model": verdict.model,
        "say": verdict.say,
        "subject": said.subject,
        "faults": list(said.faults),
        "place": said.place,
        "pictures": said.pictures,
    }


def _picture(crop: Crop) -> dict[str, Any]:
    return {
        "aspect": crop.aspect,
        "box": list(crop.box),
        "width_px": crop.width_px,
        "height_px": crop.height_px,
        "jpeg": crop.jpeg,
        "sha256": hashlib.sha256(crop.jpeg).hexdigest(),
    }


def _candidate(
    candidate: Candidate, scored: Scored | None, lost_because: str | None, run: Run
) -> StoredCandidate:
    return StoredCandidate(
        time_s=candidate.time_s,
        shot=candidate.shot,
        score=None if scored is None else float(scored.score),
        parts={} if scored is None else _plain(scored.parts),
        lost_because=lost_because,
        cues=_plain(candidate.cues._asdict()),
        measured_by=MEASURED_BY,
        active=None if candidate.active is None else list(candidate.active),
        faces=None if scored is None else _stored_faces(scored.faces),
        embedding=None if scored is None else encode_embedding(scored.embedding),
        taste=None if scored is None else scored.taste,
        model=None if scored is None else run.sight,
        head_id=None if scored is None else run.head_id,
        by_judge=None if scored is None else _by_judge(scored, run),
        jpeg=encode_jpeg(candidate.rgb, FILMSTRIP_QUALITY),
    )


def _stored_faces(faces: Iterable[Face]) -> list[list[float]]:
    return [[*face.box, float(face.confidence)] for face in faces]


def _plain(parts: Mapping[str, float]) -> dict[str, float]:
    """Turn NumPy's numbers, which are no JSON, into Python's."""
    return {name: float(value) for name, value in parts.items()}
