"""Run every command of this installation, and print as JSON what each one said: a script, for any Python."""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
import sys
import traceback

from click.testing import CliRunner

from worker.cli.main import main

ARGUMENTS = {
    "pick": ["clip.mp4"],
    "rank": ["poster.png"],
    "accounts": ["check"],
    "pause": ["mux/main"],
    "resume": ["mux/main"],
    "show": ["a1"],
    "requeue": ["a1"],
    "cancel": ["a1"],
    "choose": ["a1", "--time", "1"],
    "release": ["a1"],
    "options": ["a1"],
    "adopt": ["--since", "1h"],
    "erase": ["a1"],
    "sync": ["--platform", "mux"],
    "invite": ["anna@example.com"],
    "people": ["give", "anna@example.com"],
    "tokens": ["create", "cms"],
    "link": ["a1"],
    "audit": ["a1"],
}
MODULES = (
    ["webhook"],
    ["worker", "--version"],
    ["worker.weights", "check"],
    ["worker.weights", "fetch", "lite"],
    ["worker.weights.training", "--help"],
)


def run_command(name: str, arguments: list[str]) -> dict[str, object]:
    """Run a command of `thumbs` within this process."""
    result = CliRunner().invoke(main, [name, *arguments], prog_name="thumbs")
    failed = result.exception is not None and not isinstance(result.exception, SystemExit)
    trace = "".join(traceback.format_exception(*result.exc_info)) if failed and result.exc_info else ""
    return {"code": result.exit_code, "out": result.stdout, "err": result.stderr, "trace": trace}


def run_module(name: str, arguments: list[str]) -> dict[str, object]:
    """Run a module as `python -m` does, within this process."""
    out, err, code, trace = io.StringIO(), io.StringIO(), 0, ""
    sys.argv = [name, *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except Exception:  # noqa: BLE001 - whatever it is, it is told
            trace = traceback.format_exc()
    return {"code": code, "out": out.getvalue(), "err": err.getvalue(), "trace": trace}


if __name__ == "__main__":
    left_out = set(sys.argv[1:])
    runs = {f"thumbs {name}": (run_command, name, ARGUMENTS.get(name, [])) for name in main.commands}
    runs |= {f"python -m {' '.join(words)}": (run_module, words[0], words[1:]) for words in MODULES}
    print(json.dumps({name: run(*words) for name, (run, *words) in runs.items() if name not in left_out}))
    sys.stdout.flush()
    os._exit(0)  # a thread of some library need not be waited for
