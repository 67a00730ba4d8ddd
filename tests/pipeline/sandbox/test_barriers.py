"""What keeps an exploited decoder from reaching others, and the report of what is in force."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.media import hostile_decoder
from worker.errors import UnreadableVideo
from worker.pipeline.sandbox.barriers import try_barriers
from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's means exist on Linux only")


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """Return a warm decoder for the module."""
    with Decoder() as decoder:
        yield decoder


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_the_child_opens_no_socket(decoder: Decoder, family: socket.AddressFamily) -> None:
    """Neither to the network, nor to the socket of a database on this machine."""
    with pytest.raises(UnreadableVideo) as caught:
        hostile_decoder.call(decoder, "open_socket", int(family))
    assert isinstance(caught.value.__cause__, PermissionError)


def test_the_child_starts_no_program(decoder: Decoder) -> None:
    """Not even in its own place."""
    with pytest.raises(UnreadableVideo) as caught:
        hostile_decoder.call(decoder, "start_program")
    assert isinstance(caught.value.__cause__, PermissionError)


def test_every_barrier_is_found_in_force(decoder: Decoder) -> None:
    """In a real decode process, after it has worked."""
    barriers = try_barriers(decoder)

    assert [barrier for barrier in barriers if not barrier.holds] == []
    assert {barrier.name for barrier in barriers} >= {"network", "privileges", "memory", "parent"}


def test_a_barrier_that_is_missing_is_found_missing() -> None:
    """The same tries in a process that nobody confined: the report says what that means."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tries = (
            "import json, sys; from worker.pipeline.sandbox.barriers import try_all\n"
            "print(json.dumps([found._asdict() for found in try_all(int(sys.argv[1]))]))"
        )
        command = [sys.executable, "-c", tries, str(listener.getsockname()[1])]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, env={"SECRET": "hush"})

    missing = {found["name"]: found["without"] for found in json.loads(done.stdout) if not found["holds"]}

    # What else is missing depends on how these tests are run: a container may limit them, too.
    assert missing.keys() >= {"network", "programs", "files", "secrets", "parent"}
    assert all(missing.values())
    assert b"hush" not in done.stdout
