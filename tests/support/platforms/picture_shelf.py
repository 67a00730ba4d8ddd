"""A bucket of our pictures on a real server that speaks S3, with a way to it that can be cut."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import text

from tests.support.faults.proxy import Proxies, Proxy
from tests.support.platforms.storage import BUCKET, ID, SECRET, Storage, storage
from tests.support.service.builders import make_settings
from worker.storage.bucket import PictureBucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from worker.settings import Settings

PREFIX = "pictures"


@dataclass
class Shelf:
    """The bucket, and what happens to it."""

    storage: Storage
    way: Proxy
    number: int = field(default_factory=itertools.count().__next__)  #: of the shelf; ports come again

    def variables(self, **changes: Any) -> dict[str, Any]:
        """What names it in the settings."""
        named = {
            "bucket_url": f"s3://{BUCKET}/{PREFIX}",
            "bucket_endpoint_url": f"http://127.0.0.1:{self.way.port}",
            "bucket_access_key_id": f"{ID}{self.number}",  # so that its pauses are no other shelf's
            "bucket_secret_access_key": SECRET,
        }
        return named | changes

    def settings(self, **changes: Any) -> Settings:
        """Settings with it."""
        return make_settings(**self.variables(**changes))

    def bucket(self, **changes: Any) -> PictureBucket:
        """Our side of it."""
        bucket = PictureBucket.of(self.settings(**changes))
        assert bucket is not None
        return bucket

    def keys(self, prefix: str = "") -> list[str]:
        """What is stored, without the prefix of all."""
        begin = f"{PREFIX}/"
        stored = self.storage.keys()
        return [key.removeprefix(begin) for key in stored if key.startswith(begin + prefix)]

    def content(self, key: str) -> bytes:
        """The bytes of an object."""
        found: bytes = self.storage.object(f"{PREFIX}/{key}")["Body"].read()
        return found

    def damage(self, key: str, content: bytes | None) -> None:
        """Put other bytes in an object's place; None: remove it."""
        if content is None:
            self.storage.client.delete_object(Bucket=BUCKET, Key=f"{PREFIX}/{key}")
        else:
            self.storage.upload(f"{PREFIX}/{key}", content)

    def empty(self) -> None:
        """Remove everything."""
        for key in self.keys():
            self.damage(key, None)

    def cut(self) -> None:
        """Break the way to it off."""
        self.way.is_cut = True

    def silence(self) -> None:
        """Let nothing pass any more, while connections stay open."""
        self.way.is_half_open = True

    def mend(self) -> None:
        """Let it be reached again, and asked at once."""
        self.way.heal()
        for takes_pictures in (True, False):
            self.bucket(bucket_takes_pictures=takes_pictures).end_pause()


def let_notes_be_due(engine: Engine) -> None:
    """Let the time pass after which objects without rows are removed."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE bucket_removals SET due_at = now() - interval '1 second'"))


@contextmanager
def shelf() -> Iterator[Shelf]:
    """Serve a bucket."""
    with storage() as found, Proxies() as proxies:
        port = urlsplit(found.url).port
        assert port is not None
        yield Shelf(found, proxies.to(port))
