"""The connection to the server of a vision-language model, which all judges of a process share."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from worker.errors import SettingsInvalid, SourceRefused, Unjudged
from worker.http.client import BoundedClient, BoundedTransport
from worker.http.failure import reason_of
from worker.http.network import BoundedNetwork
from worker.judge.server.breaker import Breaker
from worker.judge.server.completion import Completion, read_completion
from worker.judge.server.refusals import LONGEST_WORDS, refusal_of, status_of
from worker.judge.words import tidy
from worker.settings.judge import check_judge_key, check_judge_url
from worker.settings.types import revealed

if TYPE_CHECKING:
    from worker.judge.prompt import Question
    from worker.settings import Settings

MOST_ANSWER_BYTES = 256 * 1024
DEFAULT_PATH = "/v1"
_TOO_LONG = f"the judge's server sent more than {MOST_ANSWER_BYTES // 1024} KiB: see its log"


class JudgeConnection:
    """Asks a server with an OpenAI-compatible API; several threads may share it.

    The server may be anywhere: an operator named it. It is asked directly, without a proxy, and not followed
    where it leads elsewhere.

    Args:
        url: of the API; where it has no path, that is `/v1`.
        model: its name there.
        api_key: sent as `Authorization: Bearer`; None: nothing is sent.

    Raises:
        SettingsInvalid: no server can be asked by these; the message does not show them.
    """

    def __init__(self, url: str, model: str, api_key: str | None = None) -> None:
        try:
            check_judge_url(url)
        except ValueError as exc:
            raise SettingsInvalid(f"JUDGE_URL: {exc}") from None
        try:
            check_judge_key(api_key or "")
        except ValueError as exc:
            raise SettingsInvalid(f"JUDGE_API_KEY: {exc}") from None
        self.url = url
        self.model = model
        self.breaker = Breaker()
        self._api_key = api_key or ""
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL:
            raise SettingsInvalid("JUDGE_URL: no host can have this address; correct it") from None
        path = address.path.rstrip("/").removesuffix("/chat/completions") or DEFAULT_PATH
        self._endpoint = address.copy_with(path=f"{path}/chat/completions")
        self.models_url = address.copy_with(path=f"{path}/models")  #: where servers list what they have

    @classmethod
    def of(cls, settings: Settings) -> JudgeConnection | None:
        """Make the connection that settings name, one for a process; None where no judge is to be asked.

        Raises:
            SettingsInvalid: no server can be asked by them.
        """
        if settings.judge_mode == "off" or not settings.judge_url or not settings.judge_model:
            return None
        return cls(settings.judge_url, settings.judge_model, revealed(settings.judge_api_key))

    def client(self, timeout_s: float) -> BoundedClient:
        """Open a client for the questions about one video; close it after them.

        Args:
            timeout_s: How long one step may last. Whoever asks puts a `Deadline` around all of them.
        """
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        # The head of an answer comes when the model is done, later than that of any other server's.
        transport = BoundedTransport(BoundedNetwork(), is_patient=True)
        return BoundedClient(timeout_s=timeout_s, headers=headers, transport=transport)

    def ask(self, client: BoundedClient, question: Question) -> Completion:
        """Ask one question.

        Args:
            client: of this connection.
            question: what is asked, with its pictures.

        Raises:
            Unjudged: there is no answer; the message says why, and what helps.
            Exception: of a deadline around us, and whatever its `should_stop` raises.
        """
        body = json.dumps(question.body(self.model)).encode()
        headers = {"Content-Type": "application/json"}
        try:
            with client.stream("POST", self._endpoint, content=body, headers=headers) as answer:
                told, is_whole = read_beginning(answer, MOST_ANSWER_BYTES)
        except httpx.TimeoutException as exc:
            raise timed_out() from exc
        except SourceRefused as exc:
            raise Unjudged("misconfigured", f"JUDGE_URL: {exc}") from exc
        except httpx.ConnectError as exc:
            raise Unjudged(
                "failed",
                f"the judge's server cannot be reached ({self._reason(exc)}): see that it runs, and check "
                "JUDGE_URL",
            ) from exc
        except httpx.HTTPError as exc:
            raise Unjudged(
                "failed", f"the judge's server broke off ({self._reason(exc)}): see its log if that goes on"
            ) from exc
        if (status := status_of(answer, told)) != HTTPStatus.OK:
            raise refusal_of(status, answer, told, has_key=bool(self._api_key), secret=self._api_key)
        if not is_whole:
            raise Unjudged("failed", _TOO_LONG)
        return read_completion(told)

    def _reason(self, exc: httpx.HTTPError) -> str:
        """Say why an exchange failed; where the protocol was broken, h11 repeats all that the server sent."""
        reason = reason_of(exc)
        return tidy(reason.replace(self._api_key, "***") if self._api_key else reason, LONGEST_WORDS)


def timed_out() -> Unjudged:
    """Make the error for a judge that was not done in its time."""
    return Unjudged(
        "timeout",
        "the judge was not done in time: raise JUDGE_TIMEOUT_S, lower JUDGE_PICTURES or JUDGE_READINGS, or "
        "use a faster model",
    )


def read_beginning(answer: httpx.Response, most_bytes: int) -> tuple[bytes, bool]:
    """Read the body of an answer, or its beginning; and whether that is all of it.

    It is taken as it comes: who was asked for `identity` and packs it all the same may mean a bomb.
    """
    told = bytearray()
    for part in answer.iter_raw():
        told += part
        if len(told) > most_bytes:
            return bytes(told[:most_bytes]), False
    return bytes(told), True
