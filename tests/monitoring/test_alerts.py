"""Alerts, dashboard and pages speak of metrics that there are, and of all of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from worker import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
PAGE = (ROOT / "docs" / "metrics.md").read_text()

RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
# Of Prometheus itself, or of the rows of histograms.
COMMON_LABELS = {"job", "instance", "program", "le"}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="Prometheus is not installed")


def registered() -> dict[str, set[str]]:
    """Return the labels of every metric of ours, by the name that the pages give it."""
    found = [metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)]
    names = {m: m._name + ("_total" if m._type == "counter" else "") for m in found}  # noqa: SLF001 - it has no other
    return {name: set(metric._labelnames) for metric, name in names.items()}  # noqa: SLF001 - the same


def shown() -> dict[str, set[str]]:
    """Return the labels of every name that Prometheus can be asked for."""
    exposed: dict[str, set[str]] = {"up": set()}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            for suffix in SUFFIXES[metric._type]:  # noqa: SLF001 - the same
                exposed[metric._name + suffix] = set(metric._labelnames)  # noqa: SLF001 - the same
    return exposed


def expressions() -> Iterator[tuple[str, str]]:
    """Yield every expression with where it stands."""
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)

    def within(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (node[key] for key in ("expr", "query") if isinstance(node.get(key), str))
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from within(child)

    board = json.loads((ROOT / "deploy" / "grafana" / "thumbs.json").read_text())
    yield from (("the dashboard", text) for text in within(board) if text != "prometheus")


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_expression_asks_for_what_there_is(where: str, expression: str) -> None:
    """Names and labels: a misspelt one would be silent for ever."""
    exposed = shown()
    selected = re.findall(r"\b(up|thumbs_\w+)\b(?:\{([^}]*)\})?", expression)
    grouped = re.findall(r"\b(?:by|on) \(([^)]*)\)", expression)

    assert selected, where
    for name, matchers in selected:
        assert name in exposed, where
        asked = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", matchers))
        assert asked <= exposed[name] | COMMON_LABELS, where
    known = set().union(*(exposed[name] for name, _ in selected)) | COMMON_LABELS
    assert {label.strip() for labels in grouped for label in labels.split(",")} <= known, where


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    """It waits before it wakes somebody, and its page has a section of its own."""
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)

    assert rule["for"]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith((".", "?"))
    assert anchor == rule["alert"].lower()
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_no_alert_is_explained_that_there_is_not() -> None:
    """And none twice."""
    explained = re.findall(r"^### (Thumbs\w+)$", PAGE, re.MULTILINE)

    assert sorted(explained) == sorted(rule["alert"] for rule in RULES)


def test_the_page_names_every_metric_with_its_labels() -> None:
    """And no other."""
    rows = re.findall(r"^\| `(thumbs_\w+)` \|([^|]*)\|", PAGE, re.MULTILINE)

    assert {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == registered()
    assert len(rows) == len(registered())


@needs_promtool
@pytest.mark.parametrize(
    "words",
    ["check rules alerts.yml", "check config prometheus.yml", "test rules alerts_test.yml"],
)
def test_prometheus_takes_the_rules_and_they_do_what_they_say(words: str) -> None:
    """By its own tool."""
    done = subprocess.run(
        ["promtool", *words.split()],  # noqa: S607 - wherever it is
        cwd=PROMETHEUS,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_can_be_imported_anywhere() -> None:
    """Every panel asks the data source that was chosen, has a name, a place and words that explain it."""
    board = json.loads((ROOT / "deploy" / "grafana" / "thumbs.json").read_text())
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]

    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in panels:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert panel["datasource"]["uid"] == "${datasource}"
    corners = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(corners)) == len(corners)
