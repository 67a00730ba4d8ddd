"""docs/kubernetes.md: its commands make the Secrets that the chart's pods name, and its values are taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.compose.page import blocks, paste
from tests.support.compose.processes import ROOT
from tests.support.kubernetes.helm import answer, render
from tests.support.kubernetes.programs import pods, secret_of
from worker.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/kubernetes.md"


@pytest.fixture
def asked(tmp_path: Path) -> list[str]:
    """Paste the page's commands up to the installation, and return what Docker and the cluster were asked."""
    return paste(blocks(PAGE, until="## Values that matter"), tmp_path)


def test_each_pod_finds_its_secret(asked: list[str], tmp_path: Path) -> None:
    """Made of the folder of its program, with addresses of the servers that the page names."""
    made = dict(re.findall(r"create secret generic (\S+) --from-file=(\S+)", "\n".join(asked)))

    assert made.keys() == {secret_of(pod)[0] for pod in pods(render({})).values()}
    for name, folder in made.items():
        files = {file.name: file.read_text() for file in (tmp_path / folder).iterdir()}
        assert "@db.internal/thumbs" in files["database_url"], name
        assert files.keys() <= set(Settings.model_fields) | {n for n in files if n.startswith("mux__main__")}


def test_the_service_is_installed_as_the_chart_says_itself(asked: list[str]) -> None:
    """The page's last commands are those of the notes that Helm prints."""
    notes = answer({})["files"]["auto-thumbnail-picker/templates/NOTES.txt"].replace("helm install", "")
    installed, *after = [line for line in asked if "install" in line or "exec" in line]

    assert installed.startswith("install thumbs deploy/helm/auto-thumbnail-picker --namespace video")
    assert len(after) == 2
    for line in after:
        assert line in notes


def test_the_values_of_the_page_are_values_of_the_chart() -> None:
    """Every block of YAML there."""
    texts = re.findall(r"^ *```yaml\n(.*?)^ *```$", (ROOT / PAGE).read_text(), re.MULTILINE | re.DOTALL)

    assert texts
    for text in texts:
        render(yaml.safe_load(text))


def test_every_value_that_the_page_names_is_there() -> None:
    """By its whole path."""
    values = yaml.safe_load((ROOT / "deploy/helm/auto-thumbnail-picker/values.yaml").read_text())
    named = set(
        re.findall(
            r"`((?:programs|networkPolicies|keda|podMonitor|image)\.[\w.-]+)", (ROOT / PAGE).read_text()
        )
    )

    assert len(named) > 8
    for path in named:
        found = values
        for word in path.replace("NAME", "analyze").split("."):
            assert word in found, path
            found = found[word]
