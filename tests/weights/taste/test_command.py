"""The whole command on a small set: it learns, measures, writes, and goes on where it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import open_clip
import pytest
import safetensors
import safetensors.torch
import torch
from click.testing import CliRunner

from tests.support.judged_sets import write_judged_set
from worker.weights.training.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

TINY = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 32, "layers": 3, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 8, "heads": 1, "layers": 1},
}


def run(judged_set: Path, folder: Path, *options: str) -> Result:
    """Run the command as a person does."""
    arguments = ["taste", "--set", str(judged_set), "--out", str(folder / "taste.safetensors")]
    return CliRunner().invoke(main, [*arguments, "--work", str(folder / "work"), "--folds", "4", *options])


@pytest.fixture(scope="module")
def finished(judged_set: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Run it once, with a ridge."""
    folder = tmp_path_factory.mktemp("finished")
    return folder, run(judged_set, folder, "--learner", "ridge")


def figures(folder: Path) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Read the report for programs: tables, rows, figures."""
    tables: dict[str, dict[str, dict[str, dict[str, float]]]]
    tables = json.loads((folder / "taste.report.json").read_text("utf-8"))["tables"]
    return tables


def test_it_learns_what_the_editor_prefers(finished: tuple[Path, Result]) -> None:
    """On videos left out; the order of this set is easy."""
    folder, result = finished

    assert result.exit_code == 0, result.output
    ours = figures(folder)["Judges"]["ridge on middle layers, faces, videos left out"]
    assert ours["pairs"] == 8 * 6
    assert ours["pairs_right"]["value"] > 0.8
    assert ours["pairs_right"]["low"] <= ours["pairs_right"]["value"] <= ours["pairs_right"]["high"]


def test_the_report_compares_it_from_every_side(finished: tuple[Path, Result]) -> None:
    """With the present score and single cues, fewer videos, groups of features, people and kinds."""
    folder, _ = finished
    tables = figures(folder)

    assert {"present score: light", "brightness", "a large face"} <= tables["Judges"].keys()
    assert tables["Judges"]["brightness"]["pairs_right"]["value"] == 1
    assert list(tables["Videos learned from"]) == ["1", "2", "3", "6"]
    assert {"all", "faces alone", "without middle layers"} <= tables["Groups of features, by a ridge"].keys()
    assert tables["People"].keys() == {"without people"}
    assert tables["Kinds"].keys() == {"drawn"}


def test_a_taste_that_may_have_seen_the_videos_is_marked(finished: tuple[Path, Result]) -> None:
    """The score that holds it, too: both would flatter beside what was left out of the learning."""
    rows = figures(finished[0])["Judges"]

    assert {name for name in rows if name.endswith("(may know these frames)")} == {
        "present score (may know these frames)",
        "present score: taste (may know these frames)",
    }
    assert "present score" not in rows


def test_people_read_the_same_figures(finished: tuple[Path, Result]) -> None:
    """On the terminal and as a page."""
    folder, result = finished
    page = (folder / "taste.report.md").read_text("utf-8")

    assert "| Judges | videos | pairs | best | best three | worst three |" in page
    for text in (page, result.output):
        assert "present score: light" in text
        assert "100.0% (100-100)" in text


def test_the_weights_say_what_they_are(finished: tuple[Path, Result]) -> None:
    """Which model they belong to, and the sum of the set; and the sum of the file is told."""
    folder, result = finished

    with safetensors.safe_open(folder / "taste.safetensors", "pt") as opened:
        assert set(opened.keys()) == {"middle layers", "faces"}
        made_by = json.loads(opened.metadata()["training"])
    assert made_by["model"] == "lite"
    assert len(made_by["set"]) == 64
    assert "taste.safetensors: bytes = " in result.output


def test_held_out_scores_are_written_for_the_benchmark(finished: tuple[Path, Result]) -> None:
    """One for each frame, by its name."""
    folder, _ = finished
    scores = json.loads((folder / "taste.held-out.json").read_text("utf-8"))["scores"]

    assert len(scores) == 8
    assert scores["boat"].keys() == {"A", "B", "C", "D"}


def test_a_second_run_writes_the_same_without_working(
    finished: tuple[Path, Result], judged_set: Path
) -> None:
    """Every frame's measurements and every fold's scores are kept, and recalled."""
    folder, first = finished
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    kept_at = {file: file.stat().st_mtime_ns for file in (folder / "work").rglob("*")}

    again = run(judged_set, folder, "--learner", "ridge")

    assert again.stdout == first.stdout
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
    assert {file: file.stat().st_mtime_ns for file in (folder / "work").rglob("*")} == kept_at


def test_the_trunk_is_trained_for_lite(tmp_path: Path) -> None:
    """Its last blocks and a head, in a few megabytes; `--train-only` measures nothing."""
    few = write_judged_set(tmp_path / "set", ["cat", "dog"], frames=2)

    result = run(few, tmp_path, "--train-only")

    assert result.exit_code == 0, result.output
    tensors = safetensors.torch.load_file(tmp_path / "taste.safetensors")
    assert {name.partition(".")[0] for name in tensors} == {"blocks", "scale", "head"}
    assert (tmp_path / "taste.safetensors").stat().st_size < 8_000_000
    assert not (tmp_path / "taste.report.md").exists()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make a small CLIP with random weights; returns its spec."""
    folder = tmp_path_factory.mktemp("clip")
    (folder / "judged-clip.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(folder / "judged-clip.json")
    torch.manual_seed(0)
    safetensors.torch.save_file(open_clip.CLIP(**TINY).state_dict(), folder / "checkpoint.safetensors")
    return f"judged-clip:{folder / 'checkpoint.safetensors'}"


def test_a_clip_learns_from_its_own_layers(judged_set: Path, tmp_path: Path, clip: str) -> None:
    """Its embedding and its middle layers; even random ones tell clear frames from dark ones."""
    result = run(judged_set, tmp_path, "--model", clip, "--device", "cpu")

    assert result.exit_code == 0, result.output
    tensors = safetensors.torch.load_file(tmp_path / "taste.safetensors")
    assert tensors["last layer"].shape == (8,)
    assert tensors["middle layers"].shape == (2 * 3 * 64,)
    ours = figures(tmp_path)["Judges"]["ridge on middle layers, last layer, faces, videos left out"]
    assert ours["pairs_right"]["value"] > 0.7


def test_another_models_trunk_is_not_trained(judged_set: Path, tmp_path: Path, clip: str) -> None:
    """Said before any work."""
    result = run(judged_set, tmp_path, "--model", clip, "--learner", "trunk")

    assert result.exit_code == 2
    assert "--learner trunk trains lite's own trunk" in result.output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--folds", "9"], "9 folds need 9 groups of unrelated videos, and the set has 8"),
        (["--together", "cat,cow"], "--together names cow, which the set does not have"),
        (["--model", "ViT-B-99:openai"], "no model is called 'ViT-B-99'"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    judged_set: Path, tmp_path: Path, options: list[str], sentence: str
) -> None:
    """And no traceback."""
    result = run(judged_set, tmp_path, "--learner", "ridge", *options)

    assert result.exit_code in {1, 2}
    assert sentence in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_relatives_named_by_the_caller_are_left_out_together(judged_set: Path, tmp_path: Path) -> None:
    """Seven videos that are kin leave two groups, which is too few for four folds."""
    result = run(judged_set, tmp_path, "--together", "boat,cat,dog,fox", "--together", "fox,hen,owl,pig")

    assert "4 folds need 4 groups of unrelated videos, and the set has 2" in " ".join(result.output.split())


def test_the_bundled_model_is_trained_as_before() -> None:
    """By a command of its own, with the options it had."""
    told = CliRunner().invoke(main, ["lite", "--help"]).output

    assert all(option in told for option in ("--clips", "--seed", "--out", "--evaluate"))
