"""Our signatures are those of AWS' own library, for requests of all kinds."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from worker.platforms.shared.buckets.sigv4 import AccessKey

NOW = datetime(2026, 11, 29, 12, 30, 45, tzinfo=UTC)
ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
BUCKETS = ["http://minio:9000/films", "https://films.s3.eu-west-1.amazonaws.com", "http://127.0.0.1:80/films"]

many = hypothesis_settings(deadline=None, database=None, max_examples=200)
keys = st.text(min_size=1, max_size=60).filter(lambda key: not {".", ".."} & set(key.split("/")))
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def theirs(auth: type[S3SigV4Auth], request: AWSRequest, region: str, **more: int) -> AWSRequest:
    """Let AWS' own library sign a request, as of `NOW`."""
    with patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        auth(Credentials(ID, SECRET), "s3", region, **more).add_auth(request)
    return request


def encoded(key: str) -> str:
    """A key in an address."""
    return quote(key.encode(errors="replace"), safe="/-_.~")


@many
@given(
    method=st.sampled_from(["GET", "HEAD", "PUT"]),
    bucket=st.sampled_from(BUCKETS),
    region=st.sampled_from(["us-east-1", "eu-west-1", "auto"]),
    key=keys,
    query=st.dictionaries(words, st.text(max_size=20), max_size=3),
    body=st.binary(max_size=50),
    title=words,
)
def test_a_request_is_signed_as_by_aws(
    method: str, bucket: str, region: str, key: str, query: dict[str, str], body: bytes, title: str
) -> None:
    """Whatever its key, its query, its body and its headers are."""
    pairs = [(name, value.encode(errors="replace").decode()) for name, value in query.items()]
    asked = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    url = f"{bucket}/{encoded(key)}" + (asked and f"?{asked}")
    headers = {"Content-Type": "image/jpeg", "x-amz-meta-title": title}

    ours = AccessKey(ID, SECRET, region).sign(method, url, headers, body, NOW)
    request = theirs(S3SigV4Auth, AWSRequest(method, url, headers=headers, data=body), region)

    assert ours["Authorization"] == request.headers["Authorization"]
    assert ours["x-amz-content-sha256"] == request.headers["X-Amz-Content-SHA256"]
    assert ours["x-amz-date"] == request.headers["X-Amz-Date"]


@many
@given(
    bucket=st.sampled_from(BUCKETS),
    region=st.sampled_from(["us-east-1", "auto"]),
    key=keys,
    lifetime_s=st.integers(1, 604_800),
)
def test_an_address_is_signed_as_by_aws(bucket: str, region: str, key: str, lifetime_s: int) -> None:
    """The same, to the last letter."""
    url = f"{bucket}/{encoded(key)}"

    ours = AccessKey(ID, SECRET, region).presign("GET", url, lifetime_s, NOW)
    request = theirs(S3SigV4QueryAuth, AWSRequest("GET", url), region, expires=lifetime_s)

    assert sorted(ours.partition("?")[2].split("&")) == sorted(request.url.partition("?")[2].split("&"))
    assert ours.partition("?")[0] == request.url.partition("?")[0]


def test_the_example_of_the_documentation() -> None:
    """Of an address, printed with every step of it."""
    url = "https://examplebucket.s3.amazonaws.com/test.txt"
    then = datetime(2013, 5, 24, tzinfo=UTC)

    address = AccessKey(ID, SECRET, "us-east-1").presign("GET", url, 86_400, then)

    signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    assert f"X-Amz-Signature={signature}" in address


def test_a_secret_is_not_shown_by_accident() -> None:
    """In a traceback, say."""
    assert SECRET not in repr(AccessKey(ID, SECRET, "us-east-1"))


@pytest.mark.parametrize("key", ["a b.mp4", "a+b.mp4", "ü/ä.mp4", "100%.mp4", "a//b.mp4", "a&b=c?d#e.mp4"])
def test_a_key_of_odd_letters_is_signed_as_by_aws(key: str) -> None:
    """Those that people have."""
    test_an_address_is_signed_as_by_aws.hypothesis.inner_test(BUCKETS[0], "us-east-1", key, 60)
