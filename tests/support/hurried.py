"""Programs of ours as they are, but for a few constants: for tests that would have to wait too long."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.standalone.supervisor import Program

# `python -m MODULE ARGUMENTS`, after the constants were set.
_START = """
import importlib, json, runpy, sys
_, constants, module, *arguments = sys.argv
for name, value in json.loads(constants).items():
    room, _, constant = name.rpartition(".")
    assert constant in vars(importlib.import_module(room)), name
    setattr(sys.modules[room], constant, value)
sys.argv[1:] = arguments
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def command(constants: Mapping[str, float], *module: str) -> tuple[str, ...]:
    """Return the command line of a program.

    Args:
        constants: by their full names, e.g. `webhook.beacon.limits.FLUSH_S`.
        module: as `python -m` takes it, with its arguments.
    """
    return (sys.executable, "-c", _START, json.dumps(dict(constants)), *module)


def program(usual: Program, constants: Mapping[str, float]) -> Program:
    """Return one of the programs of the service, with other constants."""
    of_python = list(usual.command)
    return replace(usual, command=command(constants, *of_python[of_python.index("-m") + 1 :]))
