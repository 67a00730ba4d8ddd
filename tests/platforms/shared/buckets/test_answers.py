"""What storage answers in XML, as different servers write it, and as nobody should."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from worker.errors import MalformedPayload
from worker.platforms.shared.buckets.answers import ListedObject, read_listing, read_refusal

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
CONTENTS = (
    "<Contents><Key>a/b+c%2B.mp4</Key><LastModified>2026-11-29T10:00:00.000Z</LastModified>"
    "<ETag>&quot;abc&quot;</ETag><Size>12</Size></Contents>"
)
AT = datetime(2026, 11, 29, 10, tzinfo=UTC)


@pytest.mark.parametrize("namespace", [NAMESPACE, ""])
@pytest.mark.parametrize(
    ("encoding", "key"), [("<EncodingType>url</EncodingType>", "a/b c+.mp4"), ("", "a/b+c%2B.mp4")]
)
def test_a_list_is_read_with_and_without_a_namespace_and_an_encoding(
    namespace: str, encoding: str, key: str
) -> None:
    """Keys are decoded only where the server says that it encoded them."""
    inside = f"{encoding}<IsTruncated>true</IsTruncated>{CONTENTS}"

    listing = read_listing(f"<ListBucketResult {namespace}>{inside}</ListBucketResult>".encode())

    assert listing == ([ListedObject(key, "abc", 12, AT)], False)


def test_what_is_missing_is_empty() -> None:
    """A server that says little is no error."""
    listing = read_listing(b"<ListBucketResult><Contents/></ListBucketResult>")

    assert listing == ([ListedObject("", "", None, None)], True)


HOSTILE = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]>'


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"<ListBucketResult>",
        b"<Other/>",
        b"\xff\xfe<\0a\0/\0>\0",
        f"{HOSTILE}<ListBucketResult><Name>&c;</Name></ListBucketResult>".encode(),
        f"{HOSTILE}<ListBucketResult/>".encode("utf-16"),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><ListBucketResult/>',
        b"<ListBucketResult>&b;</ListBucketResult>",
    ],
)
def test_what_is_no_list_is_refused(answer: bytes) -> None:
    """Entities above all, which may grow without end or name files."""
    with pytest.raises(MalformedPayload):
        read_listing(answer)


def test_a_refusal_is_read_where_there_is_one() -> None:
    """HEAD has no body, and a proxy sends a page of its own."""
    said = b"<Error><Code>NoSuchKey</Code><Message>No such key</Message></Error>"

    assert read_refusal(said) == ("NoSuchKey", "No such key")
    assert read_refusal(b"") == ("", "")
    assert read_refusal(b"<!DOCTYPE html><html></html>") == ("", "")
