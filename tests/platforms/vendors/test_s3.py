"""Buckets: what is particular to them, on a real server that speaks S3."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest
from pydantic import ValidationError

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import CHOICE, JPEG, LIMITS, clip, simulated
from tests.support.platforms.storage import BUCKET, Storage, storage
from worker.download.fetch import fetch_video
from worker.errors import AssetGone, CredentialsRefused, PlatformUnavailable, SourceRefused
from worker.platforms.shared.buckets.sigv4 import AccessKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = ["a.mp4", "2026/a day at sea.mp4", "a+b & c=d?#%41.mp4", "ü/Фильм 映画.mov", "a//b.mp4", "~.MP4"]


@pytest.fixture(scope="module")
def server() -> Iterator[Storage]:
    """One server for the tests of this file, each with keys of its own."""
    with storage() as found:
        yield found


class TestAnObject:
    """What is read of it, and written beside it."""

    @pytest.mark.parametrize("key", KEYS)
    def test_is_read_listed_and_written_to_whatever_its_key(
        self, server: Storage, key: str, tmp_path: Path
    ) -> None:
        """By signed requests and a signed address."""
        key = f"odd/{key}"
        server.upload(key, b"the video")
        ours = server.ours(prefix="odd/")

        asset = ours.asset(key)
        content = fetch_video(ours.source(asset).scan, tmp_path, LIMITS).path.read_bytes()
        written = ours.write(asset, CHOICE)

        assert content == b"the video"
        assert server.object(f"{key.rpartition('.')[0]}.jpg")["Body"].read() == JPEG
        assert ours.asset(key).shown == written
        listed = {one.id: (one.fingerprint, one.shown) for one in ours.assets().assets}
        assert listed[key] == (asset.fingerprint, written)

    def test_has_the_picture_with_its_type_and_where_it_came_from(self, server: Storage) -> None:
        """So that a browser shows it, and a person sees who made it."""
        server.upload("typed.mp4")
        ours = server.ours()
        ours.write(ours.asset("typed.mp4"), CHOICE)

        picture = server.object("typed.jpg")
        assert picture["ContentType"] == "image/jpeg"
        assert picture["Metadata"] == {"made-by": "thumbs", "time-s": "4.200"}

    @pytest.mark.parametrize(
        ("template", "expected"),
        [
            ("thumbs/{stem}.jpg", "thumbs/a/b{stem}.jpg"),
            ("{key}.thumb.jpeg", "a/b{stem}.mp4.thumb.jpeg"),
        ],
    )
    def test_has_its_picture_where_the_settings_say(
        self, server: Storage, template: str, expected: str
    ) -> None:
        """In another folder, or another bucket; what a key holds is no field."""
        key = "a/b{stem}.mp4"
        server.upload(key)
        server.client.create_bucket(Bucket="pictures")
        ours = server.ours(image_key=template, image_bucket="pictures")

        written = ours.write(ours.asset(key), CHOICE)

        assert server.keys("pictures") == [expected]
        assert ours.asset(key).shown == written
        server.client.delete_object(Bucket="pictures", Key=expected)
        server.client.delete_bucket(Bucket="pictures")

    def test_that_was_replaced_is_other_content(self, server: Storage) -> None:
        """Its entity tag shows it; a picture beside it does not."""
        server.upload("same.mp4", b"one")
        ours = server.ours()
        first = ours.asset("same.mp4").fingerprint
        ours.write(ours.asset("same.mp4"), CHOICE)
        assert ours.asset("same.mp4").fingerprint == first

        server.upload("same.mp4", b"two")

        assert ours.asset("same.mp4").fingerprint != first

    def test_that_is_gone_gets_no_picture(self, server: Storage) -> None:
        """Though storage would take one."""
        server.upload("short.mp4")
        ours = server.ours()
        asset = ours.asset("short.mp4")
        server.client.delete_object(Bucket=BUCKET, Key="short.mp4")

        with pytest.raises(AssetGone):
            ours.write(asset, CHOICE)
        assert not {"short.jpg"} & {*server.keys()}

    @pytest.mark.parametrize(
        ("metadata", "title"),
        [({}, "a day"), ({"title": "Ducks"}, "Ducks"), ({"title": "=?UTF-8?B?RW50ZW4gw7w=?="}, "Enten ü")],
    )
    def test_is_called_as_its_uploader_says(
        self, server: Storage, metadata: dict[str, str], title: str
    ) -> None:
        """Else by its file."""
        server.upload("titles/a day.mp4", Metadata=metadata)

        assert server.ours().asset("titles/a day.mp4").title == title

    def test_in_an_archive_is_refused_until_it_is_restored(self, server: Storage) -> None:
        """With what to do; reading it would fail time and again."""
        server.upload("cold.mp4", StorageClass="GLACIER")
        ours = server.ours()
        with pytest.raises(SourceRefused, match="restore it"):
            ours.source(ours.asset("cold.mp4"))

        server.client.restore_object(Bucket=BUCKET, Key="cold.mp4", RestoreRequest={"Days": 1})

        assert ours.source(ours.asset("cold.mp4")).scan.url

    @pytest.mark.parametrize("key", ["a/../b.mp4", "./b.mp4"])
    def test_whose_key_no_address_can_hold_is_refused(self, server: Storage, key: str) -> None:
        """Another object must not be read in its place."""
        with pytest.raises(SourceRefused, match="rename"):
            server.ours().asset(key)


class TestTheList:
    """Of all objects, a page at a time."""

    def test_is_read_to_its_end_though_pages_hold_no_video(
        self, server: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And what is no video, or lies elsewhere, is left out."""
        monkeypatch.setattr("worker.platforms.shared.buckets.bucket.PAGE_KEYS", 2)
        names = ["a.mp4", "b.jpg", "c.txt", "d.txt", "e.MP4", "f/g h+i.mov"]
        for name in names:
            server.upload(f"list/{name}")
        ours, page, found, pages = server.ours(prefix="list/"), None, [], 0
        while True:
            answer = ours.assets(page)
            found += [asset.id for asset in answer.assets]
            pages, page = pages + 1, answer.following
            if page is None:
                break

        assert found == ["list/a.mp4", "list/e.MP4", "list/f/g h+i.mov"]
        assert pages == 3


class TestTheKey:
    """Which signs all that is asked."""

    def test_is_checked_by_the_server_and_a_wrong_one_is_named(self, server: Storage) -> None:
        """Reading, listing and writing."""
        server.upload("guarded/a.mp4")
        with server.guarded() as (key, secret):
            ours = server.ours(access_key_id=key, secret_access_key=secret, prefix="guarded/")
            stranger = server.ours(access_key_id=key, secret_access_key=secret[::-1])
            asset = ours.asset("guarded/a.mp4")
            ours.write(asset, CHOICE)
            assert [one.id for one in ours.assets().assets] == ["guarded/a.mp4"]

            for ask in (stranger.asset, lambda _: stranger.assets(), lambda _: stranger.write(asset, CHOICE)):
                with pytest.raises(CredentialsRefused, match="S3__MAIN__SECRET_ACCESS_KEY"):
                    ask("guarded/a.mp4")

    def test_opens_an_address_for_one_object_and_for_some_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At a server that checks all of a signature."""
        with simulated("s3") as (vendor, ours):
            one, other = (vendor.upload(clip(tmp_path)) for _ in range(2))
            address = ours.source(ours.asset(one)).scan.url
            elsewhere = address.replace(quote(one), quote(other))
            monkeypatch.setattr("worker.platforms.vendors.s3.LIFETIME_S", -1)
            late = ours.source(ours.asset(one)).scan.url

            assert _status(address) == HTTPStatus.OK
            for refused in (address.partition("?")[0], elsewhere, late):
                assert _status(refused) == HTTPStatus.FORBIDDEN

    @pytest.mark.parametrize(
        ("answer", "error", "words"),
        [
            (
                Answer(400, raw=b"<Error><Code>AuthorizationHeaderMalformed</Code></Error>"),
                CredentialsRefused,
                "S3__MAIN__REGION",
            ),
            (Answer(301, headers={"x-amz-bucket-region": "eu-west-1"}), CredentialsRefused, "eu-west-1"),
            (
                Answer(404, raw=b"<Error><Code>NoSuchBucket</Code></Error>"),
                CredentialsRefused,
                "S3__MAIN__BUCKET",
            ),
            (
                Answer(503, raw=b"<Error><Code>SlowDown</Code></Error>", headers={"Retry-After": "3"}),
                PlatformUnavailable,
                "SlowDown",
            ),
            (Answer(200, raw=b"<html>hello</html>"), PlatformUnavailable, "S3__MAIN__ENDPOINT_URL"),
            (Answer(200, raw=b"\xff"), PlatformUnavailable, "not XML"),
        ],
    )
    def test_and_other_settings_are_named_where_they_are_wrong(
        self, server: Storage, answer: Answer, error: type[Exception], words: str
    ) -> None:
        """In the words of whoever sets them."""
        with serving(answer) as scripted, pytest.raises(error, match=words):
            server.ours(endpoint_url=scripted.url).assets()


@pytest.mark.parametrize(("answers", "right"), [(1, "s3:GetObject, and s3:ListBucket"), (2, "s3:PutObject")])
def test_a_right_that_the_key_lacks_is_named(server: Storage, answers: int, right: str) -> None:
    """Storage says only that access is denied."""
    server.upload("rights.mp4")
    asset = server.ours().asset("rights.mp4")
    script = [*[Answer(200)] * (answers - 1), Answer(403)]
    with serving(*script) as scripted, pytest.raises(CredentialsRefused, match=right):
        server.ours(endpoint_url=scripted.url).write(asset, CHOICE)


def test_what_storage_repeats_of_a_signature_is_not_told(
    server: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request could be sent again with it, for a quarter of an hour."""
    monkeypatch.setattr(AccessKey, "_signature", lambda *_: "5ec7e7" * 8)
    repeated = Answer(403, raw=f"<Error><Message>not {'5ec7e7' * 8}</Message></Error>".encode())
    with serving(repeated) as scripted, pytest.raises(CredentialsRefused) as caught:
        server.ours(endpoint_url=scripted.url).assets()

    assert "5ec7e7" in scripted.journal[0].headers["Authorization"]
    assert "5ec7e7" not in str(caught.value)


def test_a_region_that_storage_does_not_insist_on_is_no_error(server: Storage) -> None:
    """A missing object is missing, wherever the bucket lies."""
    elsewhere = Answer(404, headers={"x-amz-bucket-region": "ams3"})
    with serving(elsewhere, Answer(200)) as scripted, pytest.raises(AssetGone):
        server.ours(endpoint_url=scripted.url).asset("a.mp4")


@pytest.mark.parametrize(
    "changes",
    [
        {"image_key": "{stem}.png"},
        {"image_key": "one-for-all.jpg"},
        {"image_key": "{name}.jpg"},
        {"image_key": "{stem.__class__}.jpg"},
        {"image_key": "/{stem}.jpg"},
        {"video_suffixes": ".jpg"},
        {"video_suffixes": "mp4"},
        {"video_suffixes": ""},
        {"bucket": "films/uploads"},
        {"bucket": "s3://films"},
        {"webhook_token": ""},
    ],
)
def test_settings_that_could_only_fail_later_are_refused(server: Storage, changes: dict[str, str]) -> None:
    """A picture with a video's suffix would ask for the next picture, for ever."""
    with pytest.raises(ValidationError):
        server.account(**changes)


@pytest.mark.parametrize(
    ("path_style", "expected"),
    [(True, "https://s3.example.com/films/a.mp4"), (False, "https://films.s3.example.com/a.mp4")],
)
def test_the_bucket_stands_in_the_path_or_before_the_host(
    server: Storage, path_style: bool, expected: str
) -> None:
    """As the storage wants it."""
    ours = server.ours(endpoint_url="https://s3.example.com", path_style=path_style)
    server.upload("a.mp4")
    asset = server.ours().asset("a.mp4")

    source = ours.source(asset).scan

    assert source.url.startswith(f"{expected}?X-Amz-Algorithm=")
    assert source.own_origin == expected.removesuffix("/a.mp4").removesuffix("/films")


def _status(url: str) -> int:
    return httpx.get(url, trust_env=False).status_code
