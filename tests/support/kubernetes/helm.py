"""Helm itself: renders and lints the chart, by Helm's own code in a package.

    python -m tests.support.kubernetes.helm < LIST_OF_VALUES.json

It is a process of its own, as the runtime of Go stays in a process that has loaded it, and takes its signals.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[3]
CHART = ROOT / "deploy" / "helm" / "auto-thumbnail-picker"
EXAMPLES = ROOT / "deploy" / "helm" / "examples"
#: For `values_of`.
ALL_EXAMPLES = ["defaults", *sorted(file.stem for file in EXAMPLES.glob("*.yaml"))]
RELEASE = "thumbs"

Object = dict[str, Any]


class ValuesRefusedError(Exception):
    """Helm does not render the chart with these values; the message is its own."""


def values_of(example: str) -> Object:
    """Return the values of an example; none for `defaults`."""
    return {} if example == "defaults" else yaml.safe_load((EXAMPLES / f"{example}.yaml").read_text())


def render(values: Object) -> list[Object]:
    """Return all objects that the chart is with these values, as for an installation called `thumbs`.

    Raises:
        ValuesRefusedError: Helm refuses them, or the chart does.
    """
    return [
        found
        for file, text in answer(values)["files"].items()
        if file.endswith(".yaml")
        for found in yaml.safe_load_all(text)
        if found
    ]


def answer(values: Object) -> Object:
    """Return `files`, the rendered templates by their names, and `lint`, what Helm's strict check says.

    Raises:
        ValuesRefusedError: Helm refuses them, or the chart does.
    """
    (answered,) = _answers(json.dumps([values], sort_keys=True))
    if "refusal" in answered:
        raise ValuesRefusedError(answered["refusal"])
    return answered


def refusals(several: Sequence[Object]) -> list[str]:
    """Return why each of several values is refused; an empty text where one is not."""
    return [answered.get("refusal", "") for answered in _answers(json.dumps(several))]


@cache
def _answers(several: str) -> list[Object]:
    words = [sys.executable, "-m", "tests.support.kubernetes.helm"]
    done = subprocess.run(words, input=several, capture_output=True, text=True, cwd=ROOT, check=True)
    answers: list[Object] = json.loads(done.stdout)
    return answers


def _main() -> None:
    import helm_python as helm  # noqa: PLC0415 - in the child only

    answers: list[Object] = []
    with helm.Chart.load(CHART) as chart:
        for values in json.load(sys.stdin):
            try:
                files = chart.render(values, name=RELEASE, namespace="video")
                answers.append({"files": files, "lint": helm.lint(CHART, values, strict=True)})
            except helm.HelmError as refusal:
                answers.append({"refusal": str(refusal)})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    _main()
