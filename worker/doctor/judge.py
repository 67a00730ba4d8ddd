"""Check the judge: whether it answers, has the model, may be asked today, and what it is worth."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import httpx
from sqlalchemy import select

from worker.database.learning import JudgeCheck
from worker.database.models import Thumbnail
from worker.doctor.finding import Finding, State
from worker.doctor.servers import ask_database
from worker.errors import Unjudged
from worker.http.deadline import Deadline
from worker.http.failure import reason_of
from worker.judge import checks
from worker.judge.connection import JudgeConnection, read_beginning
from worker.judge.ledger import MemoryLedger
from worker.judge.vlm_judge import VlmJudge
from worker.judge.words import tidy
from worker.pipeline.judging.verdict import Say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from worker.settings import Settings

ANSWER_TIMEOUT_S = 3.0
MOST_LIST_BYTES = 4 * 1024 * 1024  #: of a list of models; hosts describe each of hundreds
_MAX_NAMED = 5  # models
_LONGEST_NAME = 80  # characters of a model's
_MAY = {
    Say.NOTHING: "nothing, so it is not asked: videos get the pick without it",
    Say.VETO: "what is left out, and no order",
    Say.TIES: "what is left out, and which of two that are nearly alike comes first",
    Say.LEAD: "the order of the best frames, and what is left out",
}
_MEASURE = "`thumbs judge check --set DIR` measures what it may decide (docs/judge.md)"
# A light disc of 64 px on grey: models that cut pictures into patches refuse much smaller ones.
_PICTURE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6j"
    "q62rZ4C8ybqmx5moq6T/wAALCABAAEABAREA/8QAGgABAAIDAQAAAAAAAAAAAAAAAAEFAgQGA//EACcQAAICAgAFBAIDAAAAAAAA"
    "AAABAgMEERIhMUFRBRMiYRRxM5HB/9oACAEBAAA/AAAAAAAAAANnCxJZM+6rXWX+Itq8PHrjwqqMvuS2yZ4tFifFVB75tpaf9lXn"
    "YLx/nDcq/L6r9mmAC/wa414laj3ipP8AbPcGFtcba5Vy6SWjnAAdBiT9zFqlty+K2357nsDGUlCLlJ6SW2znG3Jtttt822QAbnp+"
    "Z+PLgn/HJ7f0/Jb12QtjxVyUl5RMpRhFylJRS7t6Kr1DOV0faq5w7y11NAAAEtuTbbbb5tsgAAAAA//Z"
)


def check_judge(settings: Settings) -> Iterator[Finding]:
    """Ask the judge for its models, and our rows for its budget and worth, where there is a judge.

    Nothing of that costs anything.
    """
    if settings.judge_url is None:
        return
    connection = JudgeConnection.of(settings)
    if connection is None:
        says = "JUDGE_URL is set, and nobody is asked, as JUDGE_MODE is `off`"
        yield Finding("judge", State.OK, says, "JUDGE_MODE=rank lets it decide what it is worth")
        return
    yield _reached(connection, has_key=settings.judge_api_key is not None)
    yield from ask_database(
        settings, "judge's budget", lambda session: _spent(session, settings.judge_budget)
    )
    yield from ask_database(settings, "judge's worth", lambda session: _worth(session, settings))


def check_judge_live(settings: Settings) -> Iterator[Finding]:
    """Show the judge two small pictures: nothing else tells that its model takes any, and answers in form."""
    connection = JudgeConnection.of(settings)
    if connection is None:
        return
    judge = VlmJudge(
        connection,
        MemoryLedger(),
        Say.VETO,
        most_pictures=2,
        readings=2,
        timeout_s=settings.judge_timeout_s,
        sends_title=False,
    )
    try:
        verdict = judge.judge([_PICTURE, _PICTURE], "", in_order=False)
    except Unjudged as error:
        says = f"it gave no verdict on two small pictures: {error}"
        yield Finding("judge's answer", State.WARNING, says, "meanwhile videos get the pick without it")
        return
    seen = verdict.descriptions[0].subject or "no words"
    tokens = verdict.prompt_tokens + verdict.answer_tokens
    says = f"it sees a test picture, in {verdict.took_s:.1f} s and for {tokens:,} tokens: {seen}"
    yield Finding("judge's answer", State.OK, says)


def _reached(connection: JudgeConnection, *, has_key: bool) -> Finding:
    """Ask for the list of models, which servers give away for nothing."""
    url, model = connection.url, connection.model
    try:
        with (
            Deadline(ANSWER_TIMEOUT_S),
            connection.client(ANSWER_TIMEOUT_S) as client,
            client.stream("GET", connection.models_url) as answer,
        ):
            told, _is_whole = read_beginning(answer, MOST_LIST_BYTES)
    except httpx.HTTPError as error:
        says = f"nothing answers at {url} ({tidy(reason_of(error), 200)}): videos get the pick without it"
        return _wrong(says, "start it, or correct JUDGE_URL; `thumbs analyze` has to reach it")
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        refused = "does not accept JUDGE_API_KEY" if has_key else "wants a key"
        return _wrong(f"{url} {refused}", "set JUDGE_API_KEY to a key that it takes")
    models = _names(told) if answer.is_success else None
    if models is None:
        says = f"{url} answers, and does not list its models ({answer.status_code})"
        return Finding("judge", State.OK, says, "`thumbs doctor --live` shows it a picture")
    if model not in models:
        others = ", ".join(tidy(one, _LONGEST_NAME) for one in models[:_MAX_NAMED])
        others += ", ..." if len(models) > _MAX_NAMED else ""
        says = f"{url} lists no model {model}" + (f", but {others}" if models else "")
        return _wrong(says, "set JUDGE_MODEL to one that it has, or load it there")
    return Finding("judge", State.OK, f"{model} at {url}")


def _names(told: bytes) -> list[str] | None:
    """Read the names of a list of models in OpenAI's form; None where it is none."""
    try:
        return [str(one["id"]) for one in json.loads(told)["data"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _wrong(says: str, remedy: str) -> Finding:
    return Finding("judge", State.WARNING, says, remedy)


def _spent(session: Session, budget: int) -> Iterator[Finding]:
    spent = checks.spent_today(session)
    of = f" of {budget:,}" if budget else ""
    says = f"{spent.requests:,}{of} requests today, {spent.prompt_tokens + spent.answer_tokens:,} tokens"
    if budget and spent.requests >= budget:
        remedy = "raise JUDGE_BUDGET, or wait until midnight (UTC)"
        yield Finding("judge's budget", State.WARNING, f"{says}: videos get the pick without it", remedy)
        return
    yield Finding("judge's budget", State.OK, says)


def _worth(session: Session, settings: Settings) -> Iterator[Finding]:
    """Tell what the judge may decide for videos like the newest one."""
    sight = session.scalar(select(Thumbnail.model).order_by(Thumbnail.id.desc()).limit(1))
    check = checks.newest(session, settings, sight) if sight else None
    if check is None:
        yield _unmeasured(session, settings)
        return
    says = f"it may decide {_MAY[Say(check.say)]}; measured on {check.at:%Y-%m-%d} by {check.who}"
    if check.say == Say.NOTHING:
        remedy = "name another model in JUDGE_MODEL, or set JUDGE_MODE=off"
        yield Finding("judge's worth", State.WARNING, says, remedy)
        return
    if settings.judge_mode == "veto" and check.say != Say.VETO:
        says += "; JUDGE_MODE=veto bounds it to what is left out"
    yield Finding("judge's worth", State.OK, says)


def _unmeasured(session: Session, settings: Settings) -> Finding:
    of_it = (
        JudgeCheck.url == (settings.judge_url or "").rstrip("/"),
        JudgeCheck.model == settings.judge_model,
    )
    earlier = session.scalar(select(JudgeCheck.at).where(*of_it).order_by(JudgeCheck.id.desc()).limit(1))
    why = "nobody has measured it"
    if earlier:
        why = f"it was measured on {earlier:%Y-%m-%d}, with another prompt, other settings or another MODEL"
    says = f"{why}: it may decide {_MAY[checks.UNMEASURED]}"
    return Finding("judge's worth", State.WARNING, says, _MEASURE)
