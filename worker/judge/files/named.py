"""The judge of files on this machine: named by hand, with a ledger in memory, and its say from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError

from worker.errors import SettingsInvalid
from worker.judge.checks import bounded
from worker.judge.connection import JudgeConnection
from worker.judge.kept_checks import kept_say
from worker.judge.ledger import MemoryLedger
from worker.judge.vlm_judge import VlmJudge
from worker.settings.judge import JudgeSettings
from worker.settings.types import revealed

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from worker.pipeline.judging.verdict import Judge


@dataclass(frozen=True, slots=True)
class JudgeOfFiles:
    """A judge that somebody named for files; it is asked nothing yet."""

    settings: JudgeSettings
    connection: JudgeConnection

    @classmethod
    def named(cls, url: str, model: str | None = None) -> Self:
        """Read what else is needed from the environment: JUDGE_API_KEY, JUDGE_PICTURES and so on.

        Args:
            url: of its server. JUDGE_URL does not stand in for it, since pictures of files are sent there.
            model: its name there; None: JUDGE_MODEL.

        Raises:
            SettingsInvalid: no judge can be asked by these; the message names what is wrong.
        """
        try:
            model = model or JudgeSettings(judge_url=None).judge_model
            if not model:
                raise SettingsInvalid("the judge: name its model, with --judge-model or JUDGE_MODEL")
            # Whoever names a judge wants it, so JUDGE_MODE=off is no matter of this; `veto` bounds it.
            settings = JudgeSettings(judge_url=url, judge_model=model)
        except ValidationError as exc:
            raise SettingsInvalid("; ".join(map(_told, exc.errors()))) from exc
        try:
            return cls(settings, JudgeConnection(url, model, revealed(settings.judge_api_key)))
        except SettingsInvalid as exc:  # it names the setting, which nobody has set here
            raise SettingsInvalid(str(exc).replace("JUDGE_URL", "the judge")) from None

    def beside(self, sight: str) -> Judge:
        """Make the judge that looks at what a model has scored; a check of just these two decides its say.

        Args:
            sight: of the model that scores, as of `ClipScorer.sight`.
        """
        settings = self.settings
        say = kept_say(
            self.connection.url,
            self.connection.model,
            sight,
            pictures=settings.judge_pictures,
            readings=settings.judge_readings,
        )
        return VlmJudge(
            self.connection,
            MemoryLedger(settings.judge_budget),
            bounded(say, settings),
            most_pictures=settings.judge_pictures,
            readings=settings.judge_readings,
            timeout_s=settings.judge_timeout_s,
            sends_title=settings.judge_send_title,
        )


def _told(error: ErrorDetails) -> str:
    """Say what is wrong, and with which setting; the address is no setting here."""
    name = "".join(map(str, error["loc"])).upper()
    about = "the judge" if name in {"", "JUDGE_URL"} else name
    return f"{about}: {error['msg'].removeprefix('Value error, ')}"
