"""`thumbs up` with programs that start in an instant, for tests of how it starts, watches and stops them.

    python -m tests.support.service.quick_programs          # the command, servers and all
    python -m tests.support.service.quick_programs NAME     # one of the programs

The programs themselves are tested elsewhere, with what they need.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

BROKEN = "BROKEN_PROGRAM"  #: the variable that names a program which is to fail as with a wrong setting
MUTE = "MUTE_PROGRAM"  #: the variable that names a program which says nothing, and is not waited for long


class ReadyReceiver(BaseHTTPRequestHandler):
    """Answer like a receiver that has all it needs."""

    def do_GET(self) -> None:
        """Say yes."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def up() -> None:
    """Run the command `thumbs up`; only its programs are these."""
    # Not above: the programs themselves are to start in an instant.
    from worker.cli.main import main  # noqa: PLC0415
    from worker.standalone import service  # noqa: PLC0415

    own = (sys.executable, "-m", "tests.support.service.quick_programs")
    programs = (*service.PROGRAMS, service.PAGES, service.BEACON)
    quick = [replace(program, command=(*own, program.name)) for program in programs]
    service.run_service = partial(service.run_service, programs=quick)
    if MUTE in os.environ:
        service.READY_TIMEOUT_S = 2.0
    main(["up"])


def run(name: str) -> None:
    """Say "ready" as the program of this name does, then wait for SIGTERM."""
    if os.environ.get(BROKEN) == name:
        print("Error: no-such-model: there is no such model", file=sys.stderr)
        sys.exit(2)
    if os.environ.get(MUTE) == name:
        signal.pause()
    # As the programs themselves would tell of each variable whose name is nearly right.
    print(*(variable for variable in os.environ if variable.startswith("MUX_MAIN_")))
    print("pages at", os.environ.get("REVIEW_URL"))
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    if name == "receiver":
        server = HTTPServer(("127.0.0.1", int(os.environ["PORT"])), ReadyReceiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    words = {"receiver": "ready for webhooks", "pages": "ready for people", "beacon": "ready for viewers"}
    print(words.get(name, "ready: as quick as can be"), flush=True)
    asked.wait()


if __name__ == "__main__":
    run(sys.argv[1]) if len(sys.argv) > 1 else up()
