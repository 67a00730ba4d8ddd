"""Each extra alone: every command works, or says in one sentence which extra it lacks and how to get it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.installed.site_folder import EXTRAS, FOR_USERS, ROOT, alone, make_site
from tests.support.media.pictures import footage_path
from worker.cli.main import COMMANDS
from worker.installation import extras

if TYPE_CHECKING:
    from pathlib import Path

EVERY_COMMAND = ROOT / "tests/support/installed/every_command.py"
INSTALLED_HERE = tuple(extra for extra in FOR_USERS if extra != "hf")  # make leaves it out
NEEDS = {
    **{f"thumbs {command.name}": set(command.needs) for command in COMMANDS},
    "thumbs up": {"webhook", "worker", "embedded"},  # nothing is set here
    "python -m webhook": {"webhook"},
    "python -m worker.weights fetch lite": {"worker"},
    "python -m worker.weights.training --help": {"worker"},
}
#: Left out where it is there, for the sake of time; `test_the_worker_alone_picks` lets it work.
LOADS_PYTORCH = (
    "thumbs pick",
    "thumbs rank",
    "thumbs doctor",
    "thumbs analyze",
    "python -m worker.weights.training --help",
)
CHECKOUT = {"url": ROOT.as_uri(), "dir_info": {"editable": True}}


def run(command: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that finds no settings of ours."""
    nothing = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=nothing, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", params=[None, *INSTALLED_HERE])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict]:
    """Return an extra, and what each command said where that one alone is installed."""
    folder = tmp_path_factory.mktemp("installed")
    site = make_site(folder / "site", *filter(None, [request.param]), came_from={**CHECKOUT, "dir_info": {}})
    done = run(alone(site, EVERY_COMMAND, *(LOADS_PYTORCH if request.param == "worker" else ())), folder)
    assert done.returncode == 0, done.stderr
    return request.param, json.loads(done.stdout.splitlines()[-1])


def test_no_command_ends_in_a_traceback(installed: tuple[str, dict[str, Any]]) -> None:
    """Whatever is missing: settings, files or libraries."""
    _, said = installed

    assert said.keys() >= NEEDS.keys() - set(LOADS_PYTORCH)
    assert {name: told["trace"] for name, told in said.items() if told["trace"]} == {}


def test_a_missing_extra_is_one_sentence_with_the_remedy(installed: tuple[str, dict[str, Any]]) -> None:
    """And exit code 2; what is there is named again, for a tool that makes its environment anew."""
    extra, said = installed

    for name, needs in NEEDS.items():
        if missing := needs - {extra}:
            (sentence,) = said[name]["err"].splitlines()
            assert said[name]["code"] == 2
            assert all(f"[{name}]" in sentence for name in missing)
            (command,) = re.findall(r"run: .*pip install '(.*)'$", sentence)
            wanted = {*missing, *filter(None, [extra])}
            named = ",".join(extra for extra in extras.LIBRARIES if extra in wanted)
            assert command == f"auto-thumbnail-picker[{named}] @ {ROOT.as_uri()}"


def test_what_needs_no_more_asks_for_no_more(installed: tuple[str, dict[str, Any]]) -> None:
    """No command that can begin speaks of extras, but for the doctor, who is asked about them."""
    extra, said = installed

    for name, told in said.items():
        if NEEDS.get(name, set()) <= {extra} and name != "thumbs doctor":
            assert not re.search(r"the extras? \[", told["err"]), name


def test_help_of_a_command_needs_no_extra(tmp_path: Path) -> None:
    """Whoever decides what to install can read it first."""
    site = make_site(tmp_path / "site")

    done = run(alone(site, "-m", "worker", "pick", "--help"), tmp_path)

    assert done.returncode == 0, done.stderr
    assert "--aspect" in done.stdout


def test_servers_that_run_elsewhere_need_not_be_installed(tmp_path: Path) -> None:
    """Where both addresses are set, `thumbs up` brings none."""
    site = make_site(tmp_path / "site", came_from=CHECKOUT)
    start = "import os; os.environ |= {'DATABASE_URL': 'postgresql://h/d', 'REDIS_URL': 'redis://h'}; "
    *python, code = alone(site, "-m", "worker", "up")

    done = run([*python, f"{start}{code}"], tmp_path)

    assert done.returncode == 2
    assert "needs the extras [webhook] and [worker]; run:" in done.stderr


def test_the_picker_for_other_programs_names_its_extra(tmp_path: Path) -> None:
    """With an error of ours, which a program that can do without may take for an ImportError."""
    script = tmp_path / "script.py"
    script.write_text(
        "try:\n    import worker.library\nexcept ImportError as error:\n"
        "    from worker.errors import ConfigurationError\n"
        "    print(isinstance(error, ConfigurationError), error)\n"
    )
    site = make_site(tmp_path / "site", came_from=CHECKOUT)

    done = run(alone(site, script), tmp_path)

    assert done.stdout.startswith("True worker.library needs the extra [worker]; run: "), done.stderr


def test_without_any_library_it_says_where_to_read(tmp_path: Path) -> None:
    """`python3 -m worker` in a fresh clone, before anything is installed."""
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import runpy; runpy.run_module('worker')"

    done = run([sys.executable, "-I", "-S", "-c", start], tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith("thumbs: click is not installed, so nothing can run;")
    assert "docs/install.md" in done.stderr


@pytest.mark.faults  # it loads PyTorch
def test_the_worker_alone_picks(tmp_path: Path) -> None:
    """Files need neither the receiver nor servers."""
    site = make_site(tmp_path / "site", "worker")

    done = run(alone(site, "-m", "worker", "pick", footage_path("bikes")), tmp_path)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "thumbs-out" / "bikes" / "1-16x9.jpg").exists()


@pytest.mark.parametrize(
    ("came_from", "words"),
    [
        (CHECKOUT, f"-m pip install --editable '{ROOT}[worker]'"),
        (
            {"url": "https://git.example/thumbs", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            "-m pip install 'auto-thumbnail-picker[worker] @ git+https://git.example/thumbs@c0ffee'",
        ),
        (
            {"url": "https://example.com/a.whl", "archive_info": {}},
            "-m pip install 'auto-thumbnail-picker[worker] @ https://example.com/a.whl'",
        ),
        (
            {"url": "file:///no/such/a.whl", "archive_info": {}},
            "from where you got it, as docs/install.md says",
        ),
        (None, "from where you got it, as docs/install.md says"),
    ],
    ids=["checkout", "git", "wheel", "wheel that is gone", "not known"],
)
def test_the_remedy_names_the_place_that_this_came_from(
    came_from: dict[str, Any] | None, words: str, tmp_path: Path
) -> None:
    """And never the bare name, which is on no public index."""
    site = make_site(tmp_path / "site", came_from=came_from)

    sentence = run(alone(site, "-m", "worker", "pick", "x.mp4"), tmp_path).stderr

    assert sentence.strip().endswith(words)


@pytest.mark.parametrize(
    ("mark", "command"),
    [("pipx_metadata.json", "pipx install --force "), ("uv-receipt.toml", "uv tool install --force ")],
)
def test_the_remedy_is_told_in_the_words_of_the_tool(
    mark: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that keep an environment for each program do not let pip into it."""
    (tmp_path / mark).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    assert f"run: {command}" in extras.remedy("hf")


def test_each_extra_is_known_by_what_it_is_imported_by() -> None:
    """Nothing that an extra brings is forgotten, and nothing is named that it does not bring."""
    imported_as: dict[str, set[str]] = {}
    for module, names in metadata.packages_distributions().items():
        for name in names:
            imported_as.setdefault(re.sub("[-_.]+", "-", name).lower(), set()).add(module)
    assert set(extras.LIBRARIES) == set(FOR_USERS)
    for extra in INSTALLED_HERE:
        brought = [imported_as.get(re.split(r"[\[<>=;]", line)[0], set()) for line in EXTRAS[extra]]
        known = {*extras.LIBRARIES[extra], *extras.OPTIONAL}

        assert set(extras.LIBRARIES[extra]) <= set().union(*brought)
        assert all(modules & known for modules in brought if modules)
