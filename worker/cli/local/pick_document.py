"""What the JSON document of `thumbs pick` says of one video.

docs/cli.md describes it: fields may be added, but a name never changes its meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from worker.cli.local.parameters import DIGITS, error_document, rounded
from worker.local.output_files import picture_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.local.plan import FileOutcome, PlannedVideo
    from worker.local.video_paths import FoundVideos
    from worker.pipeline.frames import Candidate, Crop, Face, Pick, Run, Scored
    from worker.pipeline.judging.verdict import Verdict
    from worker.pipeline.media import Video


def document(outcome: FileOutcome, shortfall: str) -> dict[str, Any]:
    """Describe one video: what it is, its picks, and every candidate; `shortfall` says why not more."""
    run = outcome.run
    return {
        "video": outcome.video.name,
        "error": error_document(outcome.error),
        "facts": _facts(run.video) if run else None,
        "model": run.model if run else None,
        "note": run.note if run else "",
        "shortfall": shortfall,
        "picks": [_pick(pick, outcome) for pick in run.picks] if run else [],
        "candidates": [_candidate(*told) for told in _candidates(run)] if run else [],
        "verdict": _verdict(run.verdict) if run and run.verdict else None,
        "report": str(outcome.report) if outcome.report else None,
        "timings_s": rounded(run.timings_s) if run else {},
    }


def left_out(existing: Sequence[PlannedVideo], found: FoundVideos) -> dict[str, Any]:
    """Describe what was not looked at: videos that have pictures, and what else lies in folders."""
    return {
        "existing": [one.video.name for one in existing],
        "not_videos": found.not_videos,
        "hidden": found.hidden,
    }


def _facts(video: Video) -> dict[str, Any]:
    return {
        "duration_s": round(video.duration_s, DIGITS),
        "width_px": video.width_px,
        "height_px": video.height_px,
        "rotation_deg": video.rotation_deg,
        "is_mirrored": video.is_mirrored,
        "frame_rate": str(video.frame_rate) if video.frame_rate else None,
        "transfer": str(video.transfer),
        "codec": video.codec,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    """Describe what a judge said; `timings_s` has how long it took, since all else stays the same."""
    from worker.judge.documents import as_document  # noqa: PLC0415 - only who has a judge needs pydantic

    return {name: value for name, value in as_document(verdict).items() if name != "took_s"}


def _by_judge(one: Pick | Scored | None) -> dict[str, Any] | None:
    return one.by_judge._asdict() if one and one.by_judge else None


def _pick(pick: Pick, outcome: FileOutcome) -> dict[str, Any]:
    return {
        "rank": pick.rank,
        "time_s": pick.time_s,
        "shot": pick.shot,
        "score": round(pick.score, DIGITS),
        "parts": rounded(pick.parts),
        "prompts": rounded(pick.prompts),
        "reasons": list(pick.reasons),
        "by_judge": _by_judge(pick),
        "runner_up_time_s": pick.runner_up.candidate.time_s if pick.runner_up else None,
        "width_px": pick.still_width_px,
        "height_px": pick.still_height_px,
        "faces": [_face(face) for face in pick.faces],
        "crops": [_crop(pick, crop, outcome) for crop in pick.crops],
    }


def _candidates(run: Run) -> list[tuple[Candidate, Scored | None, str]]:
    """List all candidates in order of time, each with its place or why it was not picked."""
    told: list[tuple[Candidate, Scored | None, str]] = [
        (one.candidate, one, f"pick {rank}") for rank, one in enumerate(run.chosen, start=1)
    ]
    told += [(loser.candidate, loser.scored, loser.why) for loser in run.losers]
    return sorted(told, key=lambda one: one[0].time_s)


def _candidate(candidate: Candidate, scored: Scored | None, why: str) -> dict[str, Any]:
    return {
        "time_s": candidate.time_s,
        "shot": candidate.shot,
        "score": round(scored.score, DIGITS) if scored else None,
        "parts": rounded(scored.parts) if scored else {},
        "why": why,
        "by_judge": _by_judge(scored),
    }


def _face(face: Face) -> dict[str, Any]:
    return {"box": list(face.box), "confidence": round(face.confidence, DIGITS)}


def _crop(pick: Pick, crop: Crop, outcome: FileOutcome) -> dict[str, Any]:
    return {
        "aspect": crop.aspect,
        "box": list(crop.box),
        "width_px": crop.width_px,
        "height_px": crop.height_px,
        "file": str(outcome.folder / picture_name(pick.rank, crop.aspect)),
    }
