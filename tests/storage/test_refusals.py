"""What storage, or a proxy before it, refuses: one request is not all, and no picture is lost by it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.scripted_server import Answer, Scripted, serving
from tests.support.platforms.storage import ID, SECRET
from tests.support.service.builders import JPEG, make_settings
from worker.errors import BucketUnavailable, PictureLost
from worker.storage.bucket import PictureBucket
from worker.storage.keys import thumbnail_key
from worker.storage.pictures import Pictures

if TYPE_CHECKING:
    from collections.abc import Iterator

SHA256 = hashlib.sha256(JPEG).hexdigest()
KEY = thumbnail_key(SHA256)
FORBIDDEN = Answer(403, raw=b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
NO_SUCH_KEY = Answer(404, raw=b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")
OF_A_PROXY = Answer(404, raw=b"<html>default backend - 404</html>")
MALFORMED = Answer(400, raw=b"<Error><Code>InvalidRequest</Code></Error>")
FULL = Answer(400, raw=b"<Error><Code>XMinioAdminBucketQuotaExceeded</Code></Error>")


@pytest.fixture
def server() -> Iterator[Scripted]:
    """Serve answers that are written down beforehand."""
    with serving() as found:
        yield found


def bucket_at(server: Scripted) -> PictureBucket:
    """Our side of it."""
    settings = make_settings(
        bucket_url="s3://films",
        bucket_endpoint_url=server.url,
        bucket_access_key_id=f"{ID}{server.number}",  # so that its pauses are no other server's
        bucket_secret_access_key=SECRET,
    )
    found = PictureBucket.of(settings)
    assert found is not None
    return found


@pytest.mark.parametrize("refusal", [FORBIDDEN, MALFORMED, FULL], ids=["forbidden", "malformed", "full"])
def test_what_one_request_may_not_do_keeps_no_other_waiting(server: Scripted, refusal: Answer) -> None:
    """Where the key may not list, what is missing is "forbidden", and anybody may ask for that."""
    server.answers += [refusal, Answer(200, raw=JPEG)]
    bucket = bucket_at(server)

    with pytest.raises(BucketUnavailable):
        bucket.put(KEY, JPEG) if refusal is FULL else bucket.get("thumbnails/other.jpg")

    assert Pictures(bucket).thumbnail(SHA256, None) == JPEG


def test_a_list_that_is_refused_keeps_nothing_from_being_removed(server: Scripted) -> None:
    """The right to list is one that the key may be without."""
    server.answers += [FORBIDDEN, Answer(204)]
    bucket = bucket_at(server)

    with pytest.raises(BucketUnavailable):
        next(bucket.list("candidates/2026-01-01/"))
    bucket.delete([KEY])


def test_only_storage_itself_can_say_that_an_object_is_missing(server: Scripted) -> None:
    """A proxy that has lost its storage answers 404 without a code; the object is there all the same."""
    server.answers += [OF_A_PROXY, NO_SUCH_KEY]
    bucket = bucket_at(server)
    with pytest.raises(BucketUnavailable, match="BUCKET_ENDPOINT_URL"):
        bucket.get(KEY)
    bucket.end_pause()

    with pytest.raises(PictureLost):
        bucket.get(KEY)


@pytest.mark.parametrize("refusal", [OF_A_PROXY, NO_SUCH_KEY], ids=["proxy", "storage"])
def test_a_picture_that_cannot_be_put_there_is_not_lost(server: Scripted, refusal: Answer) -> None:
    """So the run that made it keeps it in its row."""
    server.answers += [refusal]

    with pytest.raises(BucketUnavailable):
        bucket_at(server).put(KEY, JPEG)


@pytest.mark.parametrize("status", [400, 405, 411, 417])
def test_a_request_that_storage_does_not_like_is_no_lost_picture(server: Scripted, status: int) -> None:
    """Else the write of a pick would be given up for good."""
    server.answers += [Answer(status)]

    with pytest.raises(BucketUnavailable):
        bucket_at(server).get(KEY, range(8, 16))


def test_a_part_beyond_the_end_is_a_lost_picture(server: Scripted) -> None:
    """416: the object is shorter than what was put there."""
    server.answers += [Answer(416, raw=b"<Error><Code>InvalidRange</Code></Error>")]

    with pytest.raises(PictureLost, match="ends before it should"):
        bucket_at(server).get(KEY, range(8, 16))
