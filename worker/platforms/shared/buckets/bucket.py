"""Reads, lists, puts and removes the objects of one bucket; every request is signed."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import httpx

from worker import tracing
from worker.errors import (
    AssetGone,
    CredentialsRefused,
    MalformedPayload,
    PlatformUnavailable,
    PublishRejected,
    ShownMeanwhile,
    SourceRefused,
    TransientError,
)
from worker.http.client import BoundedClient
from worker.http.deadline import one_exchange
from worker.http.failure import reason_of
from worker.http.retry_after import GONE
from worker.platforms.shared.api_client import MAX_ANSWER_BYTES, PHASE_TIMEOUT_S, content_of
from worker.platforms.shared.api_errors import error_of
from worker.platforms.shared.buckets.answers import read_listing, read_refusal
from worker.platforms.shared.credentials import Credentials
from worker.platforms.shared.request_limits import limit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.errors import ThumbsError
    from worker.platforms.shared.buckets.answers import ObjectPage, Refusal
    from worker.platforms.shared.buckets.sigv4 import AccessKey

MAX_OBJECT_BYTES = 64 * 1024 * 1024  # of what is read whole; a still of 8K has less, as has a strip of frames
PAGE_KEYS = 500  # twice as many would fit into an answer; all videos of a page are recorded together

# What a key needs to be allowed for a request.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_TO_LIST = "s3:ListBucket"
_TO_READ = "s3:GetObject, and s3:ListBucket, without which a missing object is refused, too"
_TO_DELETE = "s3:DeleteObject"
_REDIRECTED = frozenset({301, 307, 400, 403})  # what a request for another region is answered with
_WITH_REASON = frozenset({"GET", "PUT"})  # refusals of these have a body, in which storage gives a code
_CONDITIONS = frozenset({"if-match", "if-none-match"})
_WRONG_REGION = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"})


class PartMissing(PublishRejected):
    """The object ends before the part that is asked for (416)."""


class _ConditionUnknown(TransientError):
    """The storage knows no conditions of writes (501), as some that speak S3 do not."""


def bucket_url(endpoint_url: str, name: str, *, is_path_style: bool) -> str:
    """Write where a bucket lies: in the path, which every storage knows, or in front of the host.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    if is_path_style:
        return f"{endpoint_url}/{name}"
    scheme, _, rest = endpoint_url.partition("://")
    return f"{scheme}://{name}.{rest}"


class Bucket:
    """One bucket. Nothing is opened before the first request; several threads may ask at once.

    Its methods raise CredentialsRefused where the key, the region or the bucket's name is wrong, or the key
    may not do this; PlatformUnavailable and RequestHeldBack where trying again helps; AssetGone where there
    is no such object; PublishRejected where the storage refuses what is sent; and SourceRefused for a key
    that cannot be asked for.

    Args:
        url: as `bucket_url` writes it.
        key: that may read it.
        prefix: how the variables begin that set it, e.g. "S3__MAIN__".
        setting: how the one goes on that names the bucket.
        to_write: what a write needs, for the sentence about one that is refused.
        account: whose limit of requests holds, e.g. "S3__MAIN"; None: no limit.
    """

    def __init__(
        self, url: str, key: AccessKey, prefix: str, setting: str, to_write: str, account: str | None = None
    ) -> None:
        self._url = url
        self._key = key
        self._prefix = prefix
        self._setting = f"{prefix}{setting}"
        self._to_write = to_write
        self._account = account
        self._is_known = False

    @property
    def origin(self) -> str:
        """Scheme, host and port, e.g. `http://minio:9000`."""
        return "/".join(self._url.split("/")[:3])

    def head(self, key: str) -> httpx.Headers:
        """Ask for what is known of an object."""
        try:
            return self._ask("HEAD", self._object_url(key), right=_TO_READ)[0]
        except AssetGone:
            self._require_bucket()
            raise

    def get(self, key: str, part: range | None = None) -> bytes:
        """Read an object, or the bytes of it whose places are given.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html

        Raises:
            PartMissing: it ends before that part.
        """
        # A range is asked for with its last byte, see RFC 9110, 14.1.2.
        headers = {} if part is None else {"Range": f"bytes={part.start}-{part.stop - 1}"}
        _, content = self._ask("GET", self._object_url(key), headers, right=_TO_READ, most=MAX_OBJECT_BYTES)
        return content

    def store(self, key: str, content: bytes, media_type: str) -> None:
        """Put an object there, whether or not there is one of this key."""
        self._ask("PUT", self._object_url(key), {"Content-Type": media_type}, content)

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is removed already."""
        try:
            self._ask("DELETE", self._object_url(key), right=_TO_DELETE)
        except AssetGone:
            self._require_bucket()

    def put(
        self, key: str, content: bytes, headers: Mapping[str, str], *, in_place_of: str | None
    ) -> httpx.Headers:
        """Store an object in place of the one that is known to be there, and return the answer's headers.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html

        Args:
            key: of the object.
            content: its bytes.
            headers: with its type.
            in_place_of: the entity tag of the one that is there; None: there is none.

        Raises:
            ShownMeanwhile: another one is there by now, or none any more.
        """
        url = self._object_url(key)
        condition = {"If-None-Match": "*"} if in_place_of is None else {"If-Match": f'"{in_place_of}"'}
        try:
            return self._ask("PUT", url, {**headers, **condition}, content)[0]
        except _ConditionUnknown:
            return self._ask("PUT", url, headers, content)[0]
        except AssetGone as exc:
            raise ShownMeanwhile(f"{key} was removed while it was to be replaced") from exc

    def list(self, prefix: str, after: str | None = None) -> ObjectPage:
        """List objects by their keys, `PAGE_KEYS` at most.

        Args:
            prefix: how their keys begin.
            after: the key to go on after.
        """
        asked = {"list-type": "2", "encoding-type": "url", "max-keys": str(PAGE_KEYS), "prefix": prefix}
        if after is not None:
            asked["start-after"] = after
        url = f"{self._url}?{urlencode(asked, quote_via=quote, safe='')}"
        _, content = self._ask("GET", url, right=_TO_LIST)
        try:
            return read_listing(content)
        except MalformedPayload as exc:
            raise PlatformUnavailable(f"GET {self._url}: {exc}; check {self._prefix}ENDPOINT_URL") from exc

    def read_address(self, key: str, lifetime_s: int) -> str:
        """Sign an address at which anybody can read an object for so long."""
        return self._key.presign("GET", self._object_url(key), lifetime_s, datetime.now(UTC))

    def close(self) -> None:
        """Close connections, if there are any."""
        if "_client" in vars(self):
            self._client.close()

    def _object_url(self, key: str) -> str:
        # Clients and proxies take such steps out of a path, and the signature would not match any more.
        if {".", ".."} & set(key.split("/")):
            raise SourceRefused(
                f"{key}: a key with a step `.` or `..` cannot be asked for; rename the object"
            )
        return f"{self._url}/{quote(key, safe='/-_.~')}"

    def _require_bucket(self) -> None:
        """Raise CredentialsRefused where there is no bucket: HEAD does not say what is missing."""
        if self._is_known:
            return
        try:
            self._ask("HEAD", self._url, right=_TO_LIST)
        except AssetGone as exc:
            raise self._no_bucket() from exc
        except CredentialsRefused:  # for the bucket itself the key needs another right
            return
        self._is_known = True

    def _no_bucket(self) -> CredentialsRefused:
        return CredentialsRefused(f"{self._url}: there is no such bucket; check {self._setting}")

    def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        right: str = "",
        most: int = MAX_ANSWER_BYTES,
    ) -> tuple[httpx.Headers, bytes]:
        asked = f"{method} {url.partition('?')[0]}"
        signed = self._key.sign(method, url, headers or {}, body, datetime.now(UTC))
        path = httpx.URL(url).path
        try:
            with (
                tracing.span("platform request", "client", method=method, path=path),
                one_exchange(),
                limit_of(self._account).place() if self._account else nullcontext(),
                self._client.stream(method, url, headers=signed, content=body or None) as answer,
            ):
                content = content_of(answer, most)
        except httpx.RequestError as exc:
            raise PlatformUnavailable(f"{asked}: no whole answer ({reason_of(exc)})") from exc
        if not answer.is_success:
            raise self._error_of(answer, content, right)
        return answer.headers, content

    def _error_of(self, answer: httpx.Response, content: bytes, right: str) -> ThumbsError:
        refusal = read_refusal(content)
        known = self._known_error(answer, refusal)
        if known is not None:
            return known
        names = f"{self._prefix}ACCESS_KEY_ID and {self._prefix}SECRET_ACCESS_KEY"
        signature = answer.request.headers["Authorization"].rpartition("=")[2]
        shown = Credentials({}, (self._key.secret_access_key, signature), names, self._to_write)
        error = error_of(answer, content, shown, self._prefix, said=": ".join(filter(None, refusal)))
        if not right or not isinstance(error, CredentialsRefused):
            return error
        return CredentialsRefused(f"{error}: {right}")

    def _known_error(self, answer: httpx.Response, refusal: Refusal) -> ThumbsError | None:
        """Translate what only storage answers; None for what any API may."""
        # HEAD has no body, so the header alone tells; some storage sends it although it takes any region.
        region = answer.headers.get("x-amz-bucket-region") if answer.status_code in _REDIRECTED else None
        if refusal.code in _WRONG_REGION or region not in {None, self._key.region}:
            where = region or refusal.message or "another one"
            return CredentialsRefused(f"{self._url}: the region is {where}; set {self._prefix}REGION")
        if refusal.code == "NoSuchBucket":
            return self._no_bucket()
        return self._by_status(answer, refusal)

    def _by_status(self, answer: httpx.Response, refusal: Refusal) -> ThumbsError | None:
        asked = f"{answer.request.method} {answer.request.url.path}: {answer.status_code}"
        if answer.status_code in GONE and not refusal.code and answer.request.method in _WITH_REASON:
            # A proxy whose storage is away says so, too: of the object this tells nothing.
            return PlatformUnavailable(f"{asked} without a reason; check {self._prefix}ENDPOINT_URL")
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return PartMissing(asked)
        if answer.status_code == httpx.codes.PRECONDITION_FAILED:
            return ShownMeanwhile(f"{answer.request.url.path}: another object was put there meanwhile")
        if answer.status_code == httpx.codes.NOT_IMPLEMENTED and {*answer.request.headers} & _CONDITIONS:
            return _ConditionUnknown(refusal.message)
        if answer.is_redirect:  # storage sends one for another region only, so the address is another's
            return PlatformUnavailable(f"{asked}; check {self._prefix}ENDPOINT_URL")
        return None

    @cached_property
    def _client(self) -> BoundedClient:
        return BoundedClient(timeout_s=PHASE_TIMEOUT_S, headers={"Accept-Encoding": "identity"})
