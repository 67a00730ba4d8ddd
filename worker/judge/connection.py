"""The connection to the server of a vision-language model, which all judges of a process share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from worker.settings import Settings


class Connection:
    """Asks a server with an OpenAI-compatible API; several threads may share it.

    Args:
        url: of the API; where it has no path, that is `/v1`.
        model: its name there.
        api_key: sent as `Authorization: Bearer`; None: nothing is sent.
    """

    def __init__(self, url: str, model: str, api_key: str | None = None) -> None:
        self.url = url
        self.model = model
        self._api_key = api_key

    @classmethod
    def of(cls, settings: Settings) -> Connection | None:
        """Make the connection that settings name; None where no judge is to be asked."""
        raise NotImplementedError
