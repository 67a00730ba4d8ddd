"""The JSON document of `thumbs pick --json`. docs/cli.md describes it; names never change meaning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from worker.errors import TransientError
from worker.local.output_files import picture_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.local.run import FileOutcome
    from worker.pipeline.frames import Crop, Face, Pick, Video

_DIGITS = 6  # of a score or a time: a microsecond is the pipeline's own resolution


def render(outcomes: Iterable[FileOutcome]) -> str:
    """Write all outcomes as one JSON document, in ASCII, for any terminal or pipe."""
    return json.dumps({"videos": [_video(outcome) for outcome in outcomes]}, indent=2)


def _video(outcome: FileOutcome) -> dict[str, Any]:
    run = outcome.run
    return {
        "video": str(outcome.video),
        "error": _error(outcome),
        "facts": _facts(run.video) if run else None,
        "model": run.model if run else None,
        "note": run.note if run else "",
        "picks": [_pick(pick, outcome) for pick in run.picks] if run else [],
        "report": str(outcome.report) if outcome.report else None,
        "timings_s": _rounded(run.timings_s) if run else {},
    }


def _error(outcome: FileOutcome) -> dict[str, Any] | None:
    if outcome.error is None:
        return None
    return {
        "kind": type(outcome.error).__name__,
        "message": str(outcome.error),
        "may_retry": isinstance(outcome.error, TransientError),
    }


def _facts(video: Video) -> dict[str, Any]:
    return {
        "duration_s": round(video.duration_s, _DIGITS),
        "width_px": video.width_px,
        "height_px": video.height_px,
        "rotation_deg": video.rotation_deg,
        "frame_rate": str(video.frame_rate) if video.frame_rate else None,
        "transfer": str(video.transfer),
        "codec": video.codec,
    }


def _pick(pick: Pick, outcome: FileOutcome) -> dict[str, Any]:
    return {
        "rank": pick.rank,
        "time_s": pick.time_s,
        "shot": pick.shot,
        "score": round(pick.score, _DIGITS),
        "parts": _rounded(pick.parts),
        "reasons": list(pick.reasons),
        "width_px": pick.still_width_px,
        "height_px": pick.still_height_px,
        "faces": [_face(face) for face in pick.faces],
        "crops": [_crop(pick, crop, outcome) for crop in pick.crops],
    }


def _face(face: Face) -> dict[str, Any]:
    return {"box": list(face.box), "confidence": round(face.confidence, _DIGITS)}


def _crop(pick: Pick, crop: Crop, outcome: FileOutcome) -> dict[str, Any]:
    return {
        "aspect": crop.aspect,
        "box": list(crop.box),
        "width_px": crop.width_px,
        "height_px": crop.height_px,
        "file": str(outcome.folder / picture_name(pick, crop)),
    }


def _rounded(values: Any) -> dict[str, float]:
    return {name: round(float(value), _DIGITS) for name, value in values.items()}
