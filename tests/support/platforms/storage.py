"""A real server that speaks S3, moto's, and what MinIO would tell of the objects in it."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import boto3
from moto import settings as moto_settings
from moto.server import ThreadedMotoServer

from worker.platforms.vendors.s3 import S3
from worker.settings.accounts import S3Account

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET, TOKEN = "films", "the-token"
ID, SECRET = "AKIATEST", "the-secret"


@dataclass
class Storage:
    """The server, and what people do with it."""

    url: str
    client: Any  #: boto3's

    def upload(self, key: str, content: bytes = b"a video", **more: Any) -> None:
        """Store an object as a person does."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=content, **more)

    def object(self, key: str, bucket: str = BUCKET) -> Any:
        """An object, and what is known of it."""
        return self.client.get_object(Bucket=bucket, Key=key)

    def keys(self, bucket: str = BUCKET) -> list[str]:
        """What is stored."""
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def account(self, **changes: Any) -> S3Account:
        """Settings of the bucket."""
        fields = {
            "endpoint_url": self.url,
            "bucket": BUCKET,
            "access_key_id": ID,
            "secret_access_key": SECRET,
            "webhook_token": TOKEN,
        }
        return S3Account.model_validate({**fields, **changes})

    def ours(self, **changes: Any) -> S3:
        """Our side of it."""
        return S3("main", self.account(**changes))

    @contextmanager
    def guarded(self) -> Iterator[tuple[str, str]]:
        """Refuse meanwhile what is not signed by one user, whose key and secret are lent."""
        iam = boto3.client("iam", **_options(self.url))
        user = f"reader-{secrets.token_hex(4)}"  # several tests of one process ask for one
        iam.create_user(UserName=user)
        statement = {"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=policy)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        unguarded, moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = moto_settings.INITIAL_NO_AUTH_ACTION_COUNT, 0
        try:
            yield key["AccessKeyId"], key["SecretAccessKey"]
        finally:
            moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = unguarded


@contextmanager
def storage() -> Iterator[Storage]:
    """Serve an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        client = boto3.client("s3", **_options(url))
        for bucket in client.list_buckets()["Buckets"]:  # those of earlier servers in this process
            client.delete_bucket(Bucket=_emptied(client, bucket["Name"]))
        client.create_bucket(Bucket=BUCKET)
        yield Storage(url, client)
        client.close()
    finally:
        server.stop()


def notification(event: str, key: str, *, at: datetime | None = None, **stored: Any) -> bytes:
    """What MinIO posts about an object."""
    time = (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sequencer = f"{int(datetime.now(UTC).timestamp() * 1e9):X}"
    record = {
        "eventVersion": "2.0",
        "eventSource": "minio:s3",
        "eventTime": time,
        "eventName": event,
        "s3": {
            "bucket": {"name": BUCKET},
            "object": {"key": quote_plus(key), "sequencer": sequencer, **stored},
        },
    }
    return json.dumps({"EventName": event, "Key": f"{BUCKET}/{key}", "Records": [record]}).encode()


def _emptied(client: Any, bucket: str) -> str:
    for one in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=one["Key"])
    return bucket


def _options(url: str) -> dict[str, str]:
    return {
        "endpoint_url": url,
        "aws_access_key_id": ID,
        "aws_secret_access_key": SECRET,
        "region_name": "us-east-1",
    }
