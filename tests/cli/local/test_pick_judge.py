"""`thumbs pick --judge`: pictures go to a server that was named, and to nobody else."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from tests.support.judge_server import scripts
from tests.support.judge_server.fake_judge import FakeJudge
from worker.cli.main import main
from worker.judge import kept_checks
from worker.pipeline.judging.verdict import Description, Fault, Say
from worker.pipeline.scoring.models import Models
from worker.settings.judge import JudgeSettings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.judge_server.scripts import Script

MODEL, KEY = "a-vision-model", "the-key"


@dataclass
class Command:
    """`thumbs pick --json` on one video, into folders of its own."""

    clip: Path
    out: Path
    sight: str

    def __call__(self, *options: object) -> Result:
        """Run it."""
        words = ["pick", self.clip, "--out", self.out, "--json", *options]
        return CliRunner().invoke(main, [str(word) for word in words])

    def document(self, *options: object) -> dict[str, Any]:
        """Run it, and read what it says of the video."""
        run = self(*options)
        assert run.exit_code == 0, run.output
        return json.loads(run.stdout)["videos"][0]

    def checked(self, judge: FakeJudge, say: Say) -> None:
        """Keep on this machine that a judge was measured to be worth so much."""
        settings = JudgeSettings(judge_url=judge.url, judge_model=MODEL)
        kept_checks.keep(settings, self.sight, say, {}, "me")


@pytest.fixture(scope="module")
def alone(models: Models, bikes_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the command says without a judge."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Models, "load", lambda *_, **__: models)
        return Command(bikes_clip, tmp_path_factory.mktemp("alone"), models.scorer.sight).document()


@pytest.fixture
def pick(models: Models, bikes_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return the command, with the models that this run has loaded already."""
    monkeypatch.setattr(Models, "load", lambda *_, **__: replace(models, judge=None))
    monkeypatch.setattr(kept_checks, "FILE", tmp_path / "judge-checks.json")
    return Command(bikes_clip, tmp_path / "out", models.scorer.sight)


def darkness(picture: bytes) -> float:
    """Return how dark a picture is."""
    return -float(np.asarray(Image.open(io.BytesIO(picture)).convert("L")).mean())


def what_is_picked(document: dict[str, Any]) -> list[tuple[float, float, list[str]]]:
    """Return what people get of a document's picks."""
    return [(one["time_s"], one["score"], one["reasons"]) for one in document["picks"]]


def test_a_judge_that_was_measured_to_be_better_leads(pick: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its best is the first pick; the document has its verdict, and what it said of each frame."""
    monkeypatch.setenv("JUDGE_API_KEY", KEY)
    script = scripts.knows(
        darkness, 0.0, 1, describe=lambda _picture: Description(subject="two <b>bikes</b>")
    )
    with FakeJudge(script, model=MODEL, api_key=KEY) as judge:
        pick.checked(judge, Say.LEAD)
        judged = pick.document("--judge", judge.url, "--judge-model", MODEL, "--report")

        assert judge.complaints == []
    first, verdict = judged["picks"][0], judged["verdict"]
    report = (pick.out / pick.clip.stem / "report.html").read_text()
    assert (verdict["say"], verdict["model"], verdict["readings"] > 0) == ("lead", MODEL, True)
    assert first["by_judge"] == {
        "subject": "two <b>bikes</b>",
        "faults": [],
        "place": 1,
        "pictures": len(verdict["places"]),
    }
    assert first["reasons"][0] == "judge"
    assert f"The judge {MODEL} described" in report
    assert "“two &lt;b&gt;bikes&lt;/b&gt;”, place 1 of" in report


def test_what_it_finds_at_fault_is_left_out_before_anybody_measured_it(pick: Command) -> None:
    """A candidate says whose word that was."""
    seen: list[bytes] = []

    def describe(picture: bytes) -> Description:
        seen.append(picture)
        return Description(frozenset({Fault.EYES_CLOSED}) if picture == seen[0] else frozenset(), "bikes")

    with FakeJudge(scripts.says(describe)) as judge:
        judged = pick.document("--judge", judge.url, "--judge-model", MODEL)

    assert judged["verdict"]["say"] == "ties"
    (vetoed,) = [one for one in judged["candidates"] if one["by_judge"] and one["by_judge"]["faults"]]
    assert vetoed["why"] == "eyes closed, says the judge"


@pytest.mark.parametrize(
    ("script", "note"),
    [
        (scripts.always_first(), ""),
        (scripts.junk, "nobody judged: "),
        (scripts.hangs, "nobody judged: the judge was not done in time"),
    ],
    ids=["always first", "junk", "hangs"],
)
def test_a_judge_that_fails_or_knows_nothing_changes_no_pick(
    pick: Command, alone: dict[str, Any], monkeypatch: pytest.MonkeyPatch, script: Script, note: str
) -> None:
    """Also where it would lead; the note says that nobody judged."""
    monkeypatch.setenv("JUDGE_TIMEOUT_S", "1" if script is scripts.hangs else "60")
    with FakeJudge(script) as judge:
        pick.checked(judge, Say.LEAD)
        judged = pick.document("--judge", judge.url, "--judge-model", MODEL)

        assert judge.asked
    assert what_is_picked(judged) == what_is_picked(alone)
    assert (note in judged["note"], (judged["verdict"] is None)) == (True, bool(note))


def test_one_that_does_harm_is_not_asked(pick: Command) -> None:
    """As a check on this machine has found; whoever named it is told."""
    with FakeJudge(scripts.always_first()) as judge:
        pick.checked(judge, Say.NOTHING)
        run = pick("--judge", judge.url, "--judge-model", MODEL)

        assert judge.asked == []
    assert "the judge is not asked" in run.stderr


def test_frames_leave_the_machine_only_where_the_command_says_so(
    pick: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service's JUDGE_URL is no matter of files; its model and numbers stand in for those not named."""
    with FakeJudge(scripts.always_first()) as judge:
        monkeypatch.setenv("JUDGE_URL", judge.url)
        monkeypatch.setenv("JUDGE_MODEL", MODEL)
        monkeypatch.setenv("JUDGE_PICTURES", "3")
        unjudged = pick.document()
        asked_before = len(judge.asked)
        pick.document("--judge", judge.url)

        assert (unjudged["verdict"], asked_before) == (None, 0)
        assert {(one.body["model"], len(one.pictures)) for one in judge.asked} <= {(MODEL, 2), (MODEL, 3)}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--judge-model", "m"], "--judge-model names the model of a judge: add --judge URL"),
        (["--judge", "http://127.0.0.1:9/v1"], "name its model, with --judge-model or JUDGE_MODEL"),
        (["--judge", "gpu:8000/v1", "--judge-model", "m"], "the judge: write an address like http://gpu-box"),
        (["--judge", "ftp://judge/v1", "--judge-model", "m"], "the judge: "),
        (["--judge", "http://me:secret@judge/v1", "--judge-model", "m"], "the judge: "),
    ],
)
def test_a_judge_that_cannot_be_is_refused_before_anything_is_looked_at(
    pick: Command, options: list[str], sentence: str
) -> None:
    """The sentence says what to write."""
    run = pick(*options)

    assert run.exit_code == 2
    assert sentence in run.stderr
    assert "secret" not in run.stderr


def test_a_wrong_number_is_told_with_the_name_of_its_setting(
    pick: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is set for the service, perhaps by somebody else."""
    monkeypatch.setenv("JUDGE_READINGS", "5")
    run = pick("--judge", "http://127.0.0.1:9/v1", "--judge-model", "m")

    assert (run.exit_code, "JUDGE_READINGS: write an even number" in run.stderr) == (2, True)


def test_the_table_says_what_the_judge_did(pick: Command) -> None:
    """Else nobody would know from a first try whether it looked at all."""
    with FakeJudge(scripts.always_first()) as judge:
        words = ["pick", pick.clip, "--out", pick.out, "--judge", judge.url, "--judge-model", MODEL]
        run = CliRunner().invoke(main, [str(word) for word in words])

    assert f"The judge {MODEL} described" in run.stdout
