"""Settings of the judge: the vision-language model that looks at the best candidates."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from worker.settings.types import Line, Seconds, Secret  # noqa: TC001 - pydantic reads them at run time


def check_judge_url(url: str) -> None:
    """Check the address of a judge.

    Raises:
        ValueError: it is none, or holds what does not belong there; the message does not repeat it.
    """
    if "@" in url:  # logs and pages show the address
        raise ValueError("leave name and password out of the address; a key goes into JUDGE_API_KEY")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("write an address like http://gpu-box:8000/v1")


def check_judge_key(key: str) -> None:
    """Check that a header can hold a key.

    Raises:
        ValueError: it cannot; the message does not repeat it.
    """
    if not (key.isascii() and key.isprintable()):
        raise ValueError("it has characters that no key has; copy it again")


class JudgeSettings(BaseSettings):
    """What an operator can set for the judge."""

    # By itself it reads the judge of files.
    model_config = SettingsConfigDict(env_ignore_empty=True, hide_input_in_errors=True)

    judge_url: Line | None = Field(
        None,
        description="The address of a server with an OpenAI-compatible API, as `http://gpu-box:8000/v1`; it "
        "may be in your network. Pictures of videos are sent there. Nothing is judged without it.",
    )
    judge_model: Line | None = Field(None, description="The model's name, as that server knows it.")
    judge_api_key: Secret | None = Field(None, description="Sent there, as `Authorization: Bearer`.")
    judge_mode: Literal["off", "veto", "rank"] = Field(
        "rank",
        description="`veto`: leave out what it finds at fault. `rank`: also let it order the best, as far as "
        "`thumbs judge check` has found it to be worth. `off`: ask nobody.",
    )
    judge_timeout_s: Seconds = Field(
        20.0, description="All that it may take for one video; at most half of JOB_TIMEOUT_S."
    )
    judge_budget: int = Field(
        10_000, ge=0, description="Requests to it in a day (UTC), by all workers together; 0: any number."
    )
    judge_pictures: int = Field(12, ge=2, le=26, description="Pictures of a video that it is shown, at most.")
    judge_readings: int = Field(
        6,
        ge=2,
        le=12,
        description="How often it is asked for their order, each second time in the reverse of the first.",
    )
    judge_send_title: bool = Field(
        default=False, description="Tell it the titles of videos too, also of private ones."
    )
    publish_flagged: bool = Field(
        default=False,
        description="Publish pictures that are flagged as unsafe, where a video has nothing else. Without it "
        "they wait for a person.",
    )

    @field_validator("judge_url")
    @classmethod
    def _url_is_open(cls, url: str | None) -> str | None:
        if url:
            check_judge_url(url)
        return url.rstrip("/") if url else url

    @field_validator("judge_api_key")
    @classmethod
    def _key_fits_a_header(cls, key: SecretStr | None) -> SecretStr | None:
        check_judge_key(key.get_secret_value() if key else "")
        return key

    @field_validator("judge_readings")
    @classmethod
    def _readings_are_in_couples(cls, readings: int) -> int:
        if readings % 2:
            raise ValueError("write an even number: each order is also asked for in reverse")
        return readings

    @model_validator(mode="after")
    def _model_is_named(self) -> Self:
        if self.judge_url and self.judge_mode != "off" and not self.judge_model:
            raise ValueError("JUDGE_MODEL: missing, and JUDGE_URL needs it")
        return self
