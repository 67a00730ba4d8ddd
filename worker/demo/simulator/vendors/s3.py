"""A bucket that speaks S3, simulated: signed requests, XML, and MinIO's webhooks.

An asset is an object, so an id is a key here, and a picture is the object beside it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from email.header import Header
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, quote_plus
from xml.sax.saxutils import escape

from flask import Response, abort, request, send_file

from worker.demo.simulator import bodies
from worker.demo.simulator.checks.pictures import JPEG, require_picture
from worker.demo.simulator.library import LibraryVideo
from worker.demo.simulator.platform import NOT_FOUND, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice
from worker.platforms.shared.buckets.sigv4 import AccessKey
from worker.platforms.shared.signatures import SharedToken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flask import Flask

    from worker.demo.simulator.library import Media

BUCKET, REGION = "films", "us-east-1"
KEY = AccessKey("simulated-access-key", "simulated-secret-access-key", REGION)
MAX_IMAGE_BYTES = 64 * 1024 * 1024  # the real limit is 5 GB
MAX_KEYS = 50  # of a page; the real limit is 1000, and an answer may hold fewer than were asked for
MAX_SKEW = timedelta(minutes=15)
TOKEN = SharedToken("Authorization")

EVENTS = {
    Change.READY: "s3:ObjectCreated:Put",
    Change.UPDATED: "s3:ObjectCreated:Put",  # of the picture
    Change.DELETED: "s3:ObjectRemoved:Delete",
}
CODES = {
    HTTPStatus.UNAUTHORIZED: "SignatureDoesNotMatch",
    HTTPStatus.FORBIDDEN: "AccessDenied",
    HTTPStatus.NOT_FOUND: "NoSuchKey",
    HTTPStatus.BAD_REQUEST: "InvalidArgument",
    HTTPStatus.PRECONDITION_FAILED: "PreconditionFailed",
}


class SimulatedS3(Simulated):
    """One bucket."""

    name = "s3"

    def upload(self, media: Media, *, title: str = "", copies: int = 1, is_private: bool = False) -> str:
        """Store a video under a key of its own, as `Simulated.upload`."""
        key = f"videos/{secrets.token_hex(8)} of a day.mp4"
        video = self.library.add(LibraryVideo(media, title=title, is_private=is_private, id=key))
        self.tell(Change.READY, video, copies=copies)
        return key

    def trim(self, asset_id: str, media: Media, *, copies: int = 1) -> str:
        """Store a clip of a video, which storage does not know for one."""
        return self.upload(media, title=self.known(asset_id).title, copies=copies)

    def add_routes(self, app: Flask) -> None:
        """Add the bucket and its objects."""
        app.add_url_rule(f"/{BUCKET}", view_func=self.list_assets, methods=["GET"])
        app.add_url_rule(f"/{BUCKET}/<path:asset_id>", view_func=self.show, methods=["GET", "HEAD"])
        app.add_url_rule(f"/{BUCKET}/<path:key>", view_func=self.store, methods=["PUT"])

    def is_allowed(self) -> bool:
        """Check the signature, in headers or in the address, as storage does."""
        if "X-Amz-Signature" in request.args:
            return self._is_open_address()
        then = _time(request.headers.get("x-amz-date", ""))
        given = request.headers.get("Authorization", "")
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        added = {"host", "x-amz-content-sha256", "x-amz-date"}
        headers = {name: request.headers.get(name, "") for name in set(names) - added}
        unsigned = [
            name
            for name, _ in request.headers
            if name.lower().startswith("x-amz-") and name.lower() not in names
        ]
        expected = KEY.sign(request.method, _url(), headers, request.get_data(), then)
        is_recent = abs(datetime.now(UTC) - then) <= MAX_SKEW
        return given == expected["Authorization"] and is_recent and not unsigned and added <= set(names)

    def _is_open_address(self) -> bool:
        asked, then = request.args, _time(request.args.get("X-Amz-Date", ""))
        lifetime_s = int(asked["X-Amz-Expires"])
        expected = KEY.presign(request.method, _url().partition("?")[0], lifetime_s, then)
        is_open = datetime.now(UTC) <= then + timedelta(seconds=lifetime_s)
        return dict(parse_qsl(expected.partition("?")[2])) == asked.to_dict() and is_open

    def is_write(self) -> bool:
        """Tell whether an object is stored: HEAD reads."""
        return request.method == "PUT"

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """Name what is in an error."""
        return {"Code": CODES.get(HTTPStatus(status), "InternalError"), "Message": words}

    def refused(self, status: int, words: str) -> Response:
        """Make the whole answer, in XML."""
        # Storage has one status for all that is not allowed.
        sent = HTTPStatus.FORBIDDEN if status == HTTPStatus.UNAUTHORIZED else HTTPStatus(status)
        body = "".join(_element(name, word) for name, word in self.refusal(status, words).items())
        return _xml(f"<Error>{body}</Error>", sent)

    def show(self, asset_id: str) -> Response:
        """Send an object: a video, or a picture beside one."""
        owner = self._owner_of(asset_id)
        if owner is not None:
            return _with_etag(Response(owner.image, mimetype="image/jpeg"), owner.image_id)
        video = self.found(asset_id)
        answer = send_file(video.media.path, mimetype="video/mp4", conditional=True, etag=False)
        answer.last_modified = datetime.fromtimestamp(video.changed_at, UTC)
        if video.title:
            answer.headers["x-amz-meta-title"] = Header(video.title, "utf-8").encode()
        return _with_etag(answer, _etag(video))

    def store(self, key: str) -> Response:
        """Take a picture in, beside the video whose name it has."""
        image = require_picture(request.get_data(), (JPEG,), MAX_IMAGE_BYTES)
        video = next((one for one in self.library.newest() if _image_key(one.id) == key), None)
        if video is None or request.mimetype != "image/jpeg":
            abort(HTTPStatus.FORBIDDEN, "Access Denied")
        self._require_condition(video)
        self.write(video.id, image=image, image_id=hashlib.md5(image).hexdigest())  # noqa: S324 - S3's tag
        return _with_etag(Response(), hashlib.md5(image).hexdigest())  # noqa: S324

    def _require_condition(self, video: LibraryVideo) -> None:
        """Refuse a picture in the place of another one than the request means.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        wanted = request.headers.get("If-Match")
        if wanted is not None and not video.image:
            abort(HTTPStatus.NOT_FOUND, NOT_FOUND)
        is_other = wanted is not None and wanted != f'"{video.image_id}"'
        if is_other or (video.image and request.headers.get("If-None-Match") == "*"):
            abort(
                HTTPStatus.PRECONDITION_FAILED,
                "A pre-condition did not hold",
            )

    def list_assets(self) -> Response:
        """List a page of all objects by their keys; asked for its head, say only that the bucket is there."""
        if request.method == "HEAD":
            return Response()
        bodies.require_query(**{"list-type": "2", "encoding-type": "url"})
        asked = request.args
        after, most = asked.get("start-after", ""), min(int(asked.get("max-keys", MAX_KEYS)), MAX_KEYS)
        found = [
            one for one in sorted(self._objects()) if one[0] > after and one[0].startswith(asked["prefix"])
        ]
        contents = "".join(_content(*one) for one in found[:most])
        more = str(len(found) > most).lower()
        head = f"<Name>{BUCKET}</Name><EncodingType>url</EncodingType><IsTruncated>{more}</IsTruncated>"
        namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
        return _xml(
            f'<ListBucketResult xmlns="{namespace}">{head}{contents}</ListBucketResult>', HTTPStatus.OK
        )

    def choose(self, asset_id: str, time_s: float | None) -> None:
        """Put a picture beside a video as a person does."""
        image = b"\xff\xd8\xff" + f"of a person: {time_s}".encode()
        self.library.change(asset_id, image=image, image_id=hashlib.md5(image).hexdigest())  # noqa: S324
        self.tell(Change.UPDATED, self.known(asset_id))

    def notices(self, change: Change, video: LibraryVideo) -> Sequence[Notice]:
        """Tell of an object, as MinIO does; of a picture like of any other."""
        key = _image_key(video.id) if change is Change.UPDATED else video.id
        stored = {"key": quote_plus(key), "sequencer": f"{int(datetime.now(UTC).timestamp() * 1e9):X}"}
        if change is not Change.DELETED:
            stored |= {"eTag": video.image_id if change is Change.UPDATED else _etag(video)}
        record = {
            "eventVersion": "2.0",
            "eventSource": "minio:s3",
            "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "eventName": EVENTS[change],
            "s3": {"bucket": {"name": BUCKET}, "object": stored},
        }
        said = {"EventName": EVENTS[change], "Key": f"{BUCKET}/{key}", "Records": [record]}
        return [Notice(EVENTS[change], video.id, json.dumps(said).encode(), stored["sequencer"])]

    def signed(self, body: bytes) -> dict[str, str]:  # noqa: ARG002 - it is not signed
        """Show the token."""
        return TOKEN.sign(WEBHOOK_SECRET)

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {
            "ENDPOINT_URL": self.url,
            "BUCKET": BUCKET,
            "ACCESS_KEY_ID": KEY.access_key_id,
            "SECRET_ACCESS_KEY": KEY.secret_access_key,
            "WEBHOOK_TOKEN": WEBHOOK_SECRET,
        }

    def _owner_of(self, key: str) -> LibraryVideo | None:
        """Find the video beside which a picture of this key lies."""
        return next((one for one in self.library.newest() if one.image and _image_key(one.id) == key), None)

    def _objects(self) -> Iterator[tuple[str, str, int, str]]:
        """Yield key, tag, size in bytes and time of each object."""
        for video in self.library.newest():
            made = datetime.fromtimestamp(video.created_at, UTC).isoformat().replace("+00:00", "Z")
            yield video.id, _etag(video), video.media.path.stat().st_size, made
            if video.image:
                yield _image_key(video.id), video.image_id, len(video.image), made


def _url() -> str:
    """Write the address of the present request as it was sent."""
    query = request.query_string.decode()
    path = request.environ["RAW_URI"].partition("?")[0]
    return f"{request.scheme}://{request.host}{path}" + (query and f"?{query}")


def _time(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%S%z")
    except ValueError:
        abort(HTTPStatus.FORBIDDEN, "There is no time of the signature")


def _image_key(key: str) -> str:
    return f"{key.rpartition('.')[0]}.jpg"


def _etag(video: LibraryVideo) -> str:
    told = f"{video.media.path.stat().st_size} {video.media.duration_s}"
    return hashlib.md5(told.encode()).hexdigest()  # noqa: S324 - tells files apart, and guards nothing


def _with_etag(answer: Response, etag: str) -> Response:
    answer.headers["ETag"] = f'"{etag}"'
    return answer


def _content(key: str, etag: str, size: int, made: str) -> str:
    told = {"Key": quote(key, safe="/"), "LastModified": made, "ETag": f'"{etag}"', "Size": str(size)}
    return f"<Contents>{''.join(_element(name, word) for name, word in told.items())}</Contents>"


def _element(name: str, word: str) -> str:
    return f"<{name}>{escape(word)}</{name}>"


def _xml(body: str, status: HTTPStatus) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{body}', status, mimetype="application/xml")
