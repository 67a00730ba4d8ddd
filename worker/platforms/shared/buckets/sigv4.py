"""Signs requests to S3 with AWS Signature Version 4: in headers, or in an address that anybody may open.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and, for addresses,
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"  # what stands for the body's hash in an address
MAX_LIFETIME_S = 7 * 86_400  # of an address; a longer one is refused

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_AS_THEY_ARE = "-_.~"  # besides letters and digits; `quote` alone would leave a slash, too


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key, and where what it signs is valid."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str  #: as the storage calls it, e.g. "us-east-1"

    def sign(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> dict[str, str]:
        """Make all headers of a request, those that sign it among them.

        Args:
            method: of HTTP.
            url: percent-encoded, as it is sent.
            headers: that are to be sent, and all of them signed.
            body: all of it; empty where there is none.
            now: aware; the storage refuses what is a quarter of an hour off.
        """
        sent = {
            **headers,
            "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
            "x-amz-date": _stamp(now),
        }
        signed = {"host": _host(url), **{name.lower(): value for name, value in sent.items()}}
        names = ";".join(sorted(signed))
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        signature = self._signature(method, url, query, signed, sent["x-amz-content-sha256"], now)
        credential = f"{self.access_key_id}/{self._scope(now)}"
        sent["Authorization"] = (
            f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
        )
        return sent

    def presign(self, method: str, url: str, lifetime_s: int, now: datetime) -> str:
        """Make an address that lets whoever has it send one kind of request, until it runs out.

        Args:
            method: of HTTP; the address serves no other.
            url: percent-encoded, and without a query.
            lifetime_s: from `now` on, at most `MAX_LIFETIME_S`.
            now: aware.
        """
        query = [
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", f"{self.access_key_id}/{self._scope(now)}"),
            ("X-Amz-Date", _stamp(now)),
            ("X-Amz-Expires", str(lifetime_s)),
            ("X-Amz-SignedHeaders", "host"),
        ]
        signature = self._signature(method, url, query, {"host": _host(url)}, UNSIGNED, now)
        return f"{url}?{_query([*query, ('X-Amz-Signature', signature)])}"

    def _signature(
        self,
        method: str,
        url: str,
        query: Sequence[tuple[str, str]],
        headers: Mapping[str, str],
        body_sha256: str,
        now: datetime,
    ) -> str:
        lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers))
        path, names = urlsplit(url).path or "/", ";".join(sorted(headers))
        # S3 signs the path as it is sent; of other services it would be encoded once more.
        request = "\n".join([method, path, _query(query), lines, names, body_sha256])
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = "\n".join([ALGORITHM, _stamp(now), self._scope(now), digest])
        return hmac.digest(self._key(now), text.encode(), "sha256").hex()

    def _scope(self, now: datetime) -> str:
        return f"{now:%Y%m%d}/{self.region}/s3/aws4_request"

    def _key(self, now: datetime) -> bytes:
        steps = self._scope(now).split("/")
        first = f"AWS4{self.secret_access_key}".encode()
        return reduce(lambda key, step: hmac.digest(key, step.encode(), "sha256"), steps, first)


def _stamp(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%SZ}"


def _host(url: str) -> str:
    """Write the header `Host` as HTTP clients do: without the port that the scheme means anyway."""
    parts = urlsplit(url)
    return parts.netloc.removesuffix(_DEFAULT_PORTS.get(parts.scheme, ""))


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    encoded = sorted([quote(word, safe=_AS_THEY_ARE) for word in pair] for pair in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)
