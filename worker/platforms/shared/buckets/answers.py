"""Reads the XML that storage answers with: a page of its list, or what went wrong.

The standard library's parser is enough, because what makes XML dangerous is declared in a DOCTYPE: entities
that grow, or that name files. No answer of S3 has one, so one that has is refused before it is parsed. The
length is bounded by whoever read the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from worker.errors import MalformedPayload
from worker.platforms.shared import json_fields

if TYPE_CHECKING:
    from datetime import datetime


class ListedObject(NamedTuple):
    """What a list says of one object."""

    key: str
    etag: str  #: without quotation marks
    size: int | None  #: in bytes
    changed_at: datetime | None  #: aware


class ObjectPage(NamedTuple):
    """A page of a bucket's list."""

    objects: list[ListedObject]  #: by their keys
    is_last: bool


class Refusal(NamedTuple):
    """What storage says about a request that it did not do; empty where it says nothing."""

    code: str  #: e.g. "NoSuchBucket"
    message: str


def read_listing(content: bytes) -> ObjectPage:
    """Read an answer to ListObjectsV2 that was asked for with `encoding-type=url`.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

    Raises:
        MalformedPayload: it is no such answer.
    """
    root = _parse(content)
    if _name(root) != "ListBucketResult":
        raise MalformedPayload("the answer is XML, but no list of objects")
    # Where storage does not know the parameter, it does not name it either, and keys are as they are.
    is_encoded = _text(root, "EncodingType") == "url"
    objects = [_listed(item, is_encoded=is_encoded) for item in root if _name(item) == "Contents"]
    return ObjectPage(objects, is_last=_text(root, "IsTruncated") != "true")


def read_refusal(content: bytes) -> Refusal:
    """Read the body of an error; HEAD has none, and a proxy sends a page of its own."""
    try:
        root = _parse(content)
    except MalformedPayload:
        return Refusal("", "")
    return Refusal(_text(root, "Code"), _text(root, "Message"))


def _listed(item: ET.Element, *, is_encoded: bool) -> ListedObject:
    key, size = _text(item, "Key"), _text(item, "Size")
    return ListedObject(
        # As in a form: a space is a plus sign.
        unquote_plus(key) if is_encoded else key,
        _text(item, "ETag").strip('"'),
        int(size) if size.isdecimal() and size.isascii() else None,
        json_fields.utc_time(_text(item, "LastModified") or None),
    )


def _parse(content: bytes) -> ET.Element:
    try:
        text = content.decode()
        if "<!DOCTYPE" in text:
            raise MalformedPayload("the answer is XML with a DOCTYPE, which storage never sends")
        return ET.fromstring(text)  # noqa: S314 - without a DOCTYPE there are no entities, see above
    except (ValueError, ET.ParseError) as exc:
        raise MalformedPayload("the answer is not XML in UTF-8") from exc


def _name(of: ET.Element) -> str:
    """Name an element without its namespace, which some servers leave out."""
    return of.tag.rpartition("}")[2]


def _text(of: ET.Element, name: str) -> str:
    return next((item.text or "" for item in of if _name(item) == name), "")
