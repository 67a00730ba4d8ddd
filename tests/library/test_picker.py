"""The picker as other programs use it: the page's own example, errors, and the names that are promised."""

from __future__ import annotations

import dataclasses
import inspect
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from worker import library
from worker.library import (
    ConfigurationError,
    Pick,
    Picker,
    Picks,
    Picture,
    ThumbsError,
    TransientError,
    UnreadableVideo,
)
from worker.pipeline.scoring.models import Models
from worker.settings import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def picker(models: Models) -> Iterator[Picker]:
    """Return a picker for the tests of this file, with the models that this run has loaded already."""
    with made_with(models) as picker:
        yield picker


def made_with(models: Models) -> Picker:
    """Make a picker without loading models anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Models, "load", lambda *_, **__: models)
        return Picker()


def test_the_example_of_the_page_runs_as_it_is_printed(tmp_path: Path, bikes_clip: Path) -> None:
    """As a script without a guard: its code runs once, though a child process decodes."""
    (example,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs/python.md").read_text(), re.MULTILINE | re.DOTALL
    )
    shutil.copy(bikes_clip, tmp_path / "talk.mp4")
    script = tmp_path / "example.py"
    script.write_text(f"{example}\nprint('the end')\n")

    done = subprocess.run(
        [sys.executable, script.name],
        env=environment(PYTHONPATH=str(ROOT)),
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    *picked, missing, end = done.stdout.splitlines()
    assert picked
    assert all(re.fullmatch(r"\d: \d\.\d{3} s, score -?\d+\.\d\d, \w.*", line) for line in picked)
    assert re.fullmatch(r"\S*missing\.mp4: no such file.*", missing)
    assert end == "the end"
    pictures = list((tmp_path / "posters").iterdir())
    assert {picture.name for picture in pictures} >= {"1-16x9.jpg", "1-1x1.jpg"}
    assert len(pictures) == 2 * len(picked)
    assert all(picture.read_bytes().startswith(b"\xff\xd8") for picture in pictures)


def test_a_picker_is_used_again_and_again(picker: Picker, numbered_clip: Path) -> None:
    """With the same result; a path may be text."""
    first = picker.pick(numbered_clip, count=1, aspects=["source", "1:1"])

    assert picker.pick(str(numbered_clip), count=1, aspects=["source", "1:1"]) == first
    assert [picture.aspect for picture in first.picks[0].pictures] == ["source", "1:1"]
    assert first.picks[0].rank == 1
    assert (first.model, first.duration_s) == ("lite", pytest.approx(2.0, abs=0.1))


def test_parts_are_avoided_and_preferred(picker: Picker, bikes_clip: Path) -> None:
    """Written as people write them."""
    (early,) = picker.pick(bikes_clip, count=1, avoid=["50%-100%"]).picks
    (late,) = picker.pick(bikes_clip, count=1, prefer=["1.8-3"]).picks

    assert early.time_s < 1.5
    assert 1.8 <= late.time_s < 3
    assert "preferred" in late.reasons


def test_progress_is_told_stage_by_stage_and_can_end_the_work(picker: Picker, numbered_clip: Path) -> None:
    """By an error of the caller's own, after which the picker still works."""
    stages: list[str] = []

    def stop(stage: str, _fraction: float) -> None:
        stages.append(stage)
        if stage == "score":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        picker.pick(numbered_clip, on_progress=stop)

    assert list(dict.fromkeys(stages)) == ["probe", "scan", "score"]
    assert picker.pick(numbered_clip).picks


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"count": 0}, "count must be at least 1"),
        ({"aspects": ()}, "name at least one"),
        ({"aspects": "16:9"}, r"are lists, as \['16:9'\]"),
        ({"aspects": ["wide"]}, "no aspect ratio"),
        ({"avoid": ["soon"]}, "START-END"),
    ],
)
def test_an_argument_that_cannot_be_used_is_a_value_error(
    picker: Picker, numbered_clip: Path, arguments: dict[str, object], words: str
) -> None:
    """The message says what to write."""
    with pytest.raises(ValueError, match=words):
        picker.pick(numbered_clip, **arguments)  # type: ignore[arg-type]


def test_errors_say_whether_trying_again_helps(picker: Picker, tmp_path: Path) -> None:
    """By their class."""
    (tmp_path / "text.mp4").write_text("no video")

    with pytest.raises(UnreadableVideo, match=r"text\.mp4: "):
        picker.pick(tmp_path / "text.mp4")
    assert issubclass(TransientError, ThumbsError)


def test_a_model_that_is_not_there_is_named() -> None:
    """When the picker is made, with no process left behind."""
    with pytest.raises(ConfigurationError, match="no-such-model"):
        Picker(model="no-such-model")


def test_a_closed_picker_says_so(models: Models, numbered_clip: Path) -> None:
    """And closing twice is harmless."""
    picker = made_with(models)
    picker.close()
    picker.close()

    with pytest.raises(ValueError, match="closed"):
        picker.pick(numbered_clip)


# Programs of others are written against these names: add to them, and take none away.
PROMISED = [
    "ConfigurationError",
    "PermanentError",
    "Pick",
    "Picker",
    "Picks",
    "Picture",
    "ThumbsError",
    "TransientError",
    "UnreadableVideo",
    "VideoTooLarge",
]
PROMISED_FIELDS = {
    Picks: ["picks", "duration_s", "note", "model"],
    Pick: ["rank", "time_s", "score", "reasons", "why", "pictures"],
    Picture: ["aspect", "width_px", "height_px", "jpeg"],
}
PROMISED_ARGUMENTS = {
    Picker.__init__: ["model", "device", "prompts", "yunet", "judge", "judge_model"],
    Picker.pick: ["video", "count", "aspects", "title", "avoid", "prefer", "on_progress"],
    Picker.close: [],
}


def test_the_promised_names_are_there_and_on_the_page() -> None:
    """Exports, fields and arguments; a type checker finds their types."""
    page = (ROOT / "docs/python.md").read_text()

    assert sorted(library.__all__) == PROMISED
    for kind, names in PROMISED_FIELDS.items():
        assert [field.name for field in dataclasses.fields(kind)] == names  # type: ignore[arg-type]
        assert all(f"`{name}`" in page for name in names)
    for function, names in PROMISED_ARGUMENTS.items():
        assert list(inspect.signature(function).parameters) == ["self", *names]
        assert all(re.search(rf"\b{name}\b", page) for name in names)
    assert all(f"`{name}" in page for name in PROMISED)
    assert resources.files("worker").joinpath("py.typed").is_file()
