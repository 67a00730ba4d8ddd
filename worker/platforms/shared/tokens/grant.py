"""Access tokens that run out (OAuth): got once for all threads of a process, and got again where they end.

Platform objects live as long as one job, and servers take few logins, so the tokens belong to the process.

Source: RFC 6749.
"""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from typing import NamedTuple

from worker.platforms.shared.credentials import Credentials

MARGIN_S = 30.0  # a token is not used in its last seconds: a request takes time, and clocks differ


class Tokens(NamedTuple):
    """What a server gave."""

    access: str
    refresh: str = ""  #: gets others once, where the server gives such
    ends_s: float = math.inf  #: of the monotonic clock, where the server says so; a 401 ends one, too


class TokenGrant(ABC):
    """The tokens of one user, or of one program.

    Args:
        secrets: that get tokens; in no message.
        settings: the variables to check where they are refused.
    """

    def __init__(self, secrets: tuple[str, ...], settings: str) -> None:
        self._secrets = secrets
        self._settings = settings
        self._tokens: Tokens | None = None
        self._lock = threading.Lock()

    def credentials(self) -> Credentials:
        """Return credentials with the token that is known, else get one first.

        Raises:
            CredentialsRefused: what gets tokens is wrong.
            PlatformUnavailable, RequestHeldBack: try later.
        """
        with self._lock:
            if self._tokens is None or time.monotonic() >= self._tokens.ends_s - MARGIN_S:
                self._tokens = None  # a failure in between must not leave the old one
                self._tokens = self._log_in()
            return self._shown(self._tokens)

    def _renewed(self, refused: Tokens) -> Credentials:
        """Return credentials with another token than one that was refused. Raises as `credentials`."""
        with self._lock:
            if self._tokens == refused:  # else another thread was first
                self._tokens = None
                self._tokens = self._refresh(refused) or self._log_in()
            elif self._tokens is None:
                self._tokens = self._log_in()
            return self._shown(self._tokens)

    def _shown(self, tokens: Tokens) -> Credentials:
        return Credentials(
            {"Authorization": f"Bearer {tokens.access}"},
            tuple(filter(None, (tokens.access, tokens.refresh, *self._secrets))),
            self._settings,
            renew=lambda: self._renewed(tokens),
        )

    @abstractmethod
    def _log_in(self) -> Tokens:
        """Get the first tokens. Raises as `credentials`."""

    def _refresh(self, tokens: Tokens) -> Tokens | None:  # noqa: ARG002 - for those that can
        """Exchange a refresh token; None where that is not possible."""
        return None
