"""Settings of where rows, hints and pictures are kept, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from worker.settings.types import BucketAddress, Days, Line, Secret, Url, revealed


class StorageSettings(BaseSettings):
    """What an operator can set for the database, the broker and the bucket."""

    database_url: Secret | None = Field(
        None, description="PostgreSQL. `thumbs up` starts its own without it."
    )
    database_direct_url: Secret | None = Field(
        None,
        description="The same database without the pooler (PgBouncer in transaction mode) that "
        "`DATABASE_URL` then names; only `thumbs dispatch`, `thumbs migrate` and `thumbs up` need it.",
    )
    redis_url: Secret | None = Field(
        None, description="Redis or Valkey. `thumbs up` starts its own without it."
    )
    data_dir: Path = Field(Path("var"), description="Where `thumbs up` keeps its servers' files and logs.")
    work_dir: Path | None = Field(
        None, description="Where videos are downloaded to; the system's temporary folder without it."
    )

    bucket_url: BucketAddress | None = Field(
        None,
        description="Where pictures are kept, as `s3://NAME` or `s3://NAME/PREFIX`, in any storage that "
        "speaks S3; in the database without it.",
    )
    bucket_endpoint_url: Url | None = Field(
        None, description="The storage's address, as `https://minio.internal:9000`; AWS without it."
    )
    bucket_region: Line = Field("us-east-1", description="The bucket's region.")
    bucket_access_key_id: Line | None = Field(
        None, description="The key that may read, write, list and delete there."
    )
    bucket_secret_access_key: Secret | None = Field(None, description="Its secret.")
    bucket_is_path_style: bool = Field(
        default=True, description="Write the bucket's name in the path of its addresses, not before the host."
    )
    bucket_takes_pictures: bool = Field(
        default=True,
        description="Put new pictures there. `false` only reads and removes what is there, while it is moved "
        "back to the database.",
    )
    thumbnails_cdn_url: Url | None = Field(
        None,
        description="What players and platforms get instead of `PUBLIC_URL` for pictures that are open to "
        "all: a CDN before `/thumbnails/`.",
    )

    events_retention_days: Days = Field(
        30,
        ge=4,
        description="Webhooks are kept so long, and until the others of their week are as old. A delivery "
        "that is repeated meanwhile is known.",
    )
    jobs_retention_days: Days = Field(
        90, description="Jobs that are over are kept so long; their history for up to two weeks more."
    )
    candidates_retention_days: Days = Field(
        90,
        description="Filmstrips, the small frames that a run looked at, are kept so long, and until the "
        "others of their week are as old. After an edit, a video without one is looked at whole.",
    )
    thumbnails_retention_days: Days = Field(
        30, description="Thumbnails of deleted videos, and those of older runs, are kept so long."
    )

    @model_validator(mode="after")
    def _pooler_has_an_address(self) -> Self:
        if self.database_direct_url and not self.database_url:
            raise ValueError("DATABASE_DIRECT_URL: needs DATABASE_URL, which then names the pooler")
        return self

    @property
    def database_direct_address(self) -> str | None:
        """DATABASE_DIRECT_URL with its password; None where it is not set."""
        return revealed(self.database_direct_url)
