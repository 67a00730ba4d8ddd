"""What judges were measured to be worth, in a file: for machines without a database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from worker.judge.checks import UNMEASURED, CheckSubject
from worker.judge.prompt import PROMPT_VERSION
from worker.pipeline.judging.verdict import Say
from worker.settings.judge import JudgeSettings
from worker.weights.files import FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = FOLDER.parent / "judge-checks.json"  #: beside the models' folder
KEPT = 100  #: checks; older ones go

_DEFAULTS = JudgeSettings.model_fields


def kept_say(
    url: str,
    model: str,
    sight: str,
    *,
    pictures: int = _DEFAULTS["judge_pictures"].default,
    readings: int = _DEFAULTS["judge_readings"].default,
    file: Path | None = None,
) -> Say:
    """Read what a judge may decide, by the checks that were made on this machine.

    Args:
        url: its address, as of JUDGE_URL.
        model: its name.
        sight: of the model that scores.
        pictures: that it is shown at most.
        readings: how often it is asked for the order.
        file: of the checks; None for the one beside the models' folder.
    """
    of = CheckSubject(url.rstrip("/"), model, PROMPT_VERSION, pictures, readings, sight)._asdict()
    for check in kept(file):
        if all(check.get(name) == value for name, value in of.items()):
            return Say(check["say"])
    return UNMEASURED


def keep(
    settings: JudgeSettings,
    sight: str,
    say: Say,
    report: Mapping[str, Any],
    who: str,
    file: Path | None = None,
) -> None:
    """Keep a check, which is the newest from now on; what an unreadable file held is lost.

    Raises:
        OSError: the file cannot be written.
    """
    file = file or FILE
    check = CheckSubject.of(settings, sight)._asdict() | {
        "say": say.value,
        "report": dict(report),
        "who": who,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(json.dumps({"checks": [check, *kept(file)][:KEPT]}, indent=1), "utf-8")
    unfinished.replace(file)


def kept(file: Path | None = None) -> list[dict[str, Any]]:
    """Read the checks that were made on this machine, newest first; none where the file cannot be read."""
    try:
        checks = json.loads((file or FILE).read_text("utf-8"))["checks"]
        return [check for check in checks if check["say"] in set(Say)]
    except (OSError, ValueError, KeyError, TypeError):
        return []
