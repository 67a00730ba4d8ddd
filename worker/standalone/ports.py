"""The ports that `thumbs up` needs: refused before anything is made, with what to do about it."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, NamedTuple

from worker.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: What a port of 0 means.
WITHOUT = {"REVIEW_PORT": "no pages", "BEACON_PORT": "no tests with viewers"}


class ListenAddress(NamedTuple):
    """Where a program listens."""

    host_name: str  #: the variable that sets the address
    host: str
    port_name: str  #: the variable that sets the port
    port: int


def require_free(places: Sequence[ListenAddress], *, beside: Path | None = None) -> None:
    """Refuse a port that is taken, or wanted twice, before a program does.

    Args:
        places: all that are needed.
        beside: the folder of another `thumbs up`, which may have them.

    Raises:
        ConfigurationError: naming the variable to change.
    """
    names: dict[int, str] = {}
    for place in places:
        if place.port in names:
            without = f", or 0 for {WITHOUT[place.port_name]}" if place.port_name in WITHOUT else ""
            raise ConfigurationError(f"{place.port_name} is {names[place.port]}; set another one{without}")
        names[place.port] = place.port_name
    for place in places:
        _require_free(place, beside)


def _require_free(place: ListenAddress, beside: Path | None) -> None:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    with socket.socket(family) as probe:
        # As gunicorn does: a port that was just given up waits, but can be had.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((place.host, place.port))
        except OSError as exc:
            remedy = f"set {place.host_name} and {place.port_name}"
            if exc.errno == errno.EADDRINUSE:
                remedy = f"set {place.port_name} to a free one"
                if place.port_name in WITHOUT:
                    remedy += f", or to 0 for {WITHOUT[place.port_name]}"
                if beside is not None:
                    remedy += f", or stop the `thumbs up` that runs on {beside}, if it is that one"
            raise ConfigurationError(
                f"cannot listen on {place.host} port {place.port}: {exc.strerror}; {remedy}"
            ) from exc
