"""Making .venv: what `make test` and `make demo` say where this machine is not ready."""

import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with what the set-up reads, and no .venv."""
    (tmp_path / ".ci").mkdir()
    for name in ("Makefile", ".ci/setup", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def program(folder: Path, name: str, script: str) -> Path:
    """Put a shell script where the set-up finds a program of this machine."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def make_test(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `make test` in the clone, with its own programs first on the path."""
    path = f"{clone / 'bin'}:/usr/bin:/bin"
    command = ["make", "test", *arguments]
    return subprocess.run(command, cwd=clone, env={"PATH": path}, check=False, capture_output=True, text=True)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that a failed set-up says, beside make's own last line."""
    assert done.returncode != 0
    (sentence,) = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    return sentence


def test_an_old_python_is_named_with_its_version(clone: Path) -> None:
    """A Python before 3.11 stops the set-up with what it is and what is needed."""
    old = program(clone, "python3.9", 'case "$2" in *version_info*) exit 1 ;; *) echo 3.9.2 ;; esac')

    said = complaint(make_test(clone, f"PYTHON={old}"))

    assert "Python 3.11, 3.12 or 3.13 is needed" in said
    assert "is 3.9.2" in said
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize("minor", [10, 14, 15])
def test_a_python_without_wheels_is_refused(minor: int, clone: Path) -> None:
    """Also one that is newer than the libraries: pip would try to compile them, and fail after minutes."""
    version = f'f() {{ {sys.executable} -c "import sys; sys.version_info = (3, {minor}, 0); $1"; }}; f "$2"'
    odd = program(clone, "odd", f'case "$2" in *platform*) echo 3.{minor}.0 ;; *) {version} ;; esac')

    said = complaint(make_test(clone, f"PYTHON={odd}"))

    assert f"is 3.{minor}.0" in said
    assert "wheels" in said


def test_the_same_pythons_are_named_everywhere() -> None:
    """In the metadata, by CI, and by the set-up."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ci = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    tried = ci["jobs"]["test"]["strategy"]["matrix"]["python"]
    lowest, _, newest = tried[0], *tried[1:]

    assert project["requires-python"] == f">={lowest},<3.{int(newest.partition('.')[2]) + 1}"
    assert [line.rpartition(" ")[2] for line in project["classifiers"] if "Python :: 3." in line] == tried
    assert f"Python {', '.join(tried[:-1])} or {newest} is needed" in (ROOT / ".ci/setup").read_text()


def test_a_change_goes_in_only_where_a_browser_could_use_the_pages() -> None:
    """What CI calls for each change runs the checks and all tests, also in a browser and behind a pooler."""
    ci = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    run = (ROOT / ".ci/run").read_text().splitlines()

    assert ci["jobs"]["test"]["steps"][-1] == {"run": ".ci/run"}
    assert run[-4:] == ["make check", "make test", "make test-browser", "make test-pooler"]


def test_no_python_at_all_is_said_plainly(clone: Path) -> None:
    """A name that is no program on this machine stops the set-up."""
    said = complaint(make_test(clone, "PYTHON=python-nowhere"))

    assert "Python 3.11, 3.12 or 3.13 is needed" in said
    assert "python-nowhere" in said


def test_a_newer_python_is_found_beside_an_old_one(clone: Path) -> None:
    """Where `python3` is old, the next one that is new enough is taken."""
    old = program(clone, "old", 'case "$2" in *version_info*) exit 1 ;; *) echo 3.9.2 ;; esac')
    program(clone, "df", "printf 'header\\nfs 1 1 1 1%% /\\n'")

    said = complaint(make_test(clone, f"PYTHON={old} {sys.executable}"))

    assert "free disk" in said


def test_a_python_without_ensurepip_names_the_package(clone: Path) -> None:
    """Debian splits venv from Python: the message says what to install."""
    bare = program(
        clone, "python3", 'case "$2" in *ensurepip*) exit 1 ;; *platform*) echo 3.12.1 ;; *) exit 0 ;; esac'
    )

    assert "apt install python3-venv" in complaint(make_test(clone, f"PYTHON={bare}"))


def test_a_nearly_full_disk_is_noticed_before_anything_is_installed(clone: Path) -> None:
    """The message says how much is needed and how much there is."""
    program(clone, "df", "printf 'header\\nfs 9999999 1 2500000 1%% /\\n'")

    said = complaint(make_test(clone, f"PYTHON={sys.executable}"))

    assert "GB of free disk are needed" in said
    assert "2 GB are free" in said
    assert not (clone / ".venv").exists()


def test_an_interrupted_install_starts_afresh(clone: Path) -> None:
    """A .venv whose install never ended is made anew, not trusted."""
    leftover = clone / ".venv" / "half-installed"
    leftover.parent.mkdir()
    leftover.touch()
    fake_venv = (
        'case "$*" in *--clear*) rm -rf .venv; mkdir -p .venv/bin; cp bin/python3 .venv/bin/python ;;'
        " *platform*) echo 3.12.1 ;; esac"
    )
    python = program(clone, "python3", fake_venv)
    program(clone, "df", "printf 'header\\nfs 99999999 1 99999999 1%% /\\n'")

    done = make_test(clone, f"PYTHON={python}")

    assert done.returncode == 0, done.stderr
    assert not leftover.exists()
    assert (clone / ".venv/.ready").exists()


def test_pytorch_without_cuda_comes_from_the_address_that_is_named(clone: Path) -> None:
    """Before the rest, so that pip finds it there; and less disk is needed."""
    ran = clone / "ran"
    python = program(
        clone,
        "python3",
        'case "$*" in *--clear*) mkdir -p .venv/bin; cp bin/python3 .venv/bin/python ;;'
        f' *platform*) echo 3.12.1 ;; *) echo "$@" >> {ran} ;; esac',
    )
    program(clone, "df", "printf 'header\\nfs 9999999 1 4194304 1%% /\\n'")

    done = make_test(clone, f"PYTHON={python}", "TORCH=cpu", "TORCH_INDEX=https://cpu.example")

    assert done.returncode == 0, done.stderr
    first, second, *_ = [line for line in ran.read_text().splitlines() if "pip install" in line]
    assert first.endswith("--index-url https://cpu.example torch torchvision")
    assert "--editable" in second


def test_pytorch_without_cuda_and_without_an_address_says_where_to_find_one(clone: Path) -> None:
    """We name none: which one is right depends on the machine."""
    said = complaint(make_test(clone, f"PYTHON={sys.executable}", "TORCH=cpu"))

    assert "TORCH_INDEX=ADDRESS" in said
    assert not (clone / ".venv").exists()


def test_a_ready_environment_is_not_touched_again(clone: Path) -> None:
    """The second run goes straight to the tests."""
    ran = clone / "ran"
    python = program(clone, "python3", f'echo "$@" >> {ran}')
    (clone / ".venv/bin").mkdir(parents=True)
    shutil.copy(python, clone / ".venv/bin/python")
    (clone / ".venv/.ready").touch()

    assert make_test(clone).returncode == 0
    assert ran.read_text().startswith("-m pytest ")


def test_a_changed_pin_is_installed(clone: Path) -> None:
    """When constraints.txt is newer than the last install, pip runs again, in the same .venv."""
    ran = clone / "ran"
    python = program(clone, "python3", f'echo "$@" >> {ran}')
    (clone / ".venv/bin").mkdir(parents=True)
    shutil.copy(python, clone / ".venv/bin/python")
    (clone / ".venv/.ready").touch()
    shutil.copyfile(ROOT / "constraints.txt", clone / "constraints.txt")

    assert make_test(clone).returncode == 0
    assert "pip install" in ran.read_text()
    assert "--clear" not in ran.read_text()


def test_the_pins_name_no_place() -> None:
    """Every line of constraints.txt is a plain `name==version`, good on any machine."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    strays = [line for line in lines if not line.startswith("#") and ("==" not in line or "/" in line)]

    assert strays == []
