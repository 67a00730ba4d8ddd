"""A picture in a bucket is laid in the place of the one that was there, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import CHOICE, JPEG
from tests.support.platforms.storage import BUCKET, Storage, storage
from tests.support.service.publisher_rig import ready_publisher_rig
from worker.errors import AssetGone, CredentialsRefused, ShownMeanwhile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from worker.platforms.base import NewThumbnail, RemoteAsset
    from worker.publications import PublicationClaim


@pytest.fixture(scope="module")
def server() -> Iterator[Storage]:
    """One server for the tests of this file, each with keys of its own."""
    with storage() as found:
        yield found


@pytest.mark.parametrize("before", [b"", b"\xff\xd8 of a person"], ids=["none", "another"])
def test_a_picture_that_comes_meanwhile_stays(server: Storage, before: bytes) -> None:
    """Whether there was one when it was asked for, or none."""
    server.upload("raced.mp4")
    server.client.delete_object(Bucket=BUCKET, Key="raced.jpg")
    if before:
        server.upload("raced.jpg", before)
    ours = server.ours()
    asset = ours.asset("raced.mp4")
    server.upload("raced.jpg", b"\xff\xd8 newer")

    with pytest.raises(ShownMeanwhile):
        ours.write(asset, CHOICE)

    assert server.object("raced.jpg")["Body"].read() == b"\xff\xd8 newer"


def test_a_picture_that_is_removed_meanwhile_is_asked_for_again(server: Storage) -> None:
    """The video is not gone, and neither is the write."""
    server.upload("removed.mp4")
    server.upload("removed.jpg", b"\xff\xd8")
    ours = server.ours()
    asset = ours.asset("removed.mp4")
    server.client.delete_object(Bucket=BUCKET, Key="removed.jpg")

    with pytest.raises(ShownMeanwhile):
        ours.write(asset, CHOICE)
    assert ours.write(ours.asset("removed.mp4"), CHOICE)


def test_what_is_there_may_be_our_own_write_whose_answer_was_lost(server: Storage) -> None:
    """Then there is nothing to do."""
    server.upload("lost.mp4")
    ours = server.ours()
    asset = ours.asset("lost.mp4")

    first = ours.write(asset, CHOICE)

    assert ours.write(asset, CHOICE) == first == ours.asset("lost.mp4").shown


def test_storage_that_knows_no_conditions_is_written_to_without(server: Storage) -> None:
    """It says so by 501, as some that speak S3 do."""
    server.upload("plain.mp4")
    asset = server.ours().asset("plain.mp4")
    unknown = Answer(501, raw=b"<Error><Code>NotImplemented</Code></Error>")
    with serving(Answer(), unknown, Answer(headers={"ETag": '"e1"'})) as scripted:
        written = server.ours(endpoint_url=scripted.url).write(asset, CHOICE)

    assert written == "e1"
    assert [one.method for one in scripted.journal] == ["HEAD", "PUT", "PUT"]
    assert "If-None-Match" in scripted.journal[1].headers
    assert "If-None-Match" not in scripted.journal[2].headers
    assert scripted.journal[2].body == JPEG


@pytest.mark.parametrize(
    ("changes", "setting"), [({"bucket": "fillms"}, "BUCKET"), ({"image_bucket": "pics"}, "IMAGE_BUCKET")]
)
def test_a_bucket_that_there_is_not_is_no_missing_video(
    server: Storage, changes: dict[str, str], setting: str
) -> None:
    """Else every job would be given up for good because of a typing error."""
    server.upload("there.mp4")

    with pytest.raises(CredentialsRefused, match=f"S3__MAIN__{setting}$"):
        server.ours(**changes).asset("there.mp4")
    with pytest.raises(AssetGone):
        server.ours().asset("not there.mp4")


def test_a_key_that_may_not_ask_for_the_bucket_finds_what_is_missing(server: Storage) -> None:
    """It has no right to list, and storage that answers 404 all the same."""
    with serving(Answer(404), Answer(403)) as scripted, pytest.raises(AssetGone):
        server.ours(endpoint_url=scripted.url).asset("a.mp4")


def test_a_person_who_was_faster_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    """The write waits, looks again, and yields."""
    with ready_publisher_rig(engine, tmp_path, "s3") as rig:
        platform_of, vendor, asset_id = rig.publisher.platform_of, rig.vendor, rig.asset_id

        def with_a_faster_person(claim: PublicationClaim) -> object:
            platform = platform_of(claim)
            write = platform.write

            def after_them(asset: RemoteAsset, choice: NewThumbnail) -> str | None:
                if vendor.known(asset_id).image is None or not vendor.known(asset_id).image:
                    vendor.choose(asset_id, 7.0)
                return write(asset, choice)

            platform.write = after_them  # type: ignore[method-assign]
            return platform

        object.__setattr__(rig.publisher, "platform_of", with_a_faster_person)
        first, second = rig.publish(), rig.publish()

    assert (first.state, first.error_class) == ("pending", "ShownMeanwhile")
    assert second.state == "yielded"
