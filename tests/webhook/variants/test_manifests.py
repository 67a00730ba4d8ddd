"""A manifest says which pictures an asset has, the same to everybody, and nothing else of the asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.support.service import builders, chosen_asset
from tests.support.service.deliveries import EVENTS_SECRET
from tests.support.viewers import tested_video
from tests.support.viewers.tested_video import ENDS_AT, SALT
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.models import StoredCandidate

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from tests.webhook.variants.conftest import Viewers

PICTURES = "https://thumbs.example.com/thumbnails"
MANIFEST = "/v1/variants/mux/main/a1.json"
SIGNED = {"signed_thumbnails": "private", "thumbnails_secret": EVENTS_SECRET}
CACHING = "public, max-age=60, stale-while-revalidate=600, stale-if-error=600"


def change(engine: Engine, values: str, table: str = "assets") -> None:
    """Change rows of the only video."""
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET {values}"))  # noqa: S608 - the test's own words


def test_it_names_the_variants_and_who_draws_which(engine: Engine, viewer: FlaskClient) -> None:
    """All that a browser needs to draw, and no title, no score, no other pick."""
    video = tested_video.store(engine)
    first, second = (f"{PICTURES}/{sha256}.jpg" for sha256 in video.sha256s)

    assert viewer.get(MANIFEST).json == {
        "asset": "mux/main/a1",
        "default": {"url": first, "time_s": 1.5, "width": 320, "height": 180},
        "test": {
            "id": video.trial_id,
            "salt": SALT,
            "buckets": 128,
            "variants": [
                {"number": 0, "from": 0, "to": 64, "url": first},
                {"number": 1, "from": 64, "to": 128, "url": second},
            ],
            "beacon": "https://beacon.example.com/v1/seen",
            "ends_at": ENDS_AT.isoformat(),
        },
    }


def test_it_is_the_same_for_everybody_and_may_be_kept(engine: Engine, viewer: FlaskClient) -> None:
    """By caches, for a minute; who has it is told so without its bytes."""
    tested_video.store(engine)

    first = viewer.get(MANIFEST)
    second = viewer.get(MANIFEST, headers={"Cookie": "viewer=me", "User-Agent": "another", "Accept": "*/*"})
    again = viewer.get(MANIFEST, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, first.content_type, first.data) == (200, "application/json", second.data)
    assert viewer.get(f"{MANIFEST}?viewer=me").data == first.data
    for answer in (first, second, again):
        assert answer.headers["Cache-Control"] == CACHING
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Set-Cookie" not in answer.headers
        assert "Vary" not in answer.headers
    assert (again.status_code, again.data) == (304, b"")


def test_head_tells_how_long_it_is(engine: Engine, viewer: FlaskClient) -> None:
    """Without sending it."""
    tested_video.store(engine)

    answer = viewer.head(MANIFEST)

    assert (answer.status_code, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) == len(viewer.get(MANIFEST).data)


def test_without_a_test_everybody_sees_what_is_shown(engine: Engine, viewer: FlaskClient) -> None:
    """As after the end of one, when the winner is written."""
    video = tested_video.store(engine)
    change(engine, "state = 'ended', outcome = 'winner', winner = 1, ended_at = now()", "trials")
    change(engine, "thumbnail_id = (SELECT id FROM thumbnails WHERE rank = 2)", "publications")

    manifest = viewer.get(MANIFEST).json

    assert manifest["test"] is None
    assert manifest["default"]["url"] == f"{PICTURES}/{video.sha256s[1]}.jpg"


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("assets", "fingerprint = 'other content'"),
        ("trials", "kind = 'slots'"),
        ("variants", "thumbnail_id = NULL WHERE number = 1"),
    ],
)
def test_what_ends_a_test_holds_at_once(engine: Engine, viewer: FlaskClient, table: str, values: str) -> None:
    """Before anybody noted its end. Nor does a test show variants of which a picture is gone."""
    tested_video.store(engine)
    change(engine, values, table)

    assert viewer.get(MANIFEST).json["test"] is None


def test_the_choice_of_a_person_is_shown(engine: Engine, viewer: FlaskClient) -> None:
    """At once, whatever was drawn; before its picture is cut, what was shown before."""
    video = tested_video.store(engine)
    chosen_asset.choose(engine, ChoiceRequest(time_s=12.0))
    waiting = viewer.get(MANIFEST).json
    with transaction(engine) as session:
        candidate = StoredCandidate(
            asset_id=video.asset_id, generation=1, time_s=3.0, shot=0, parts={}, jpeg=builders.JPEG
        )
        session.add(candidate)
        session.flush()
        candidate_id = candidate.id
    made = chosen_asset.choose(engine, ChoiceRequest(candidate_id=candidate_id))
    assert made.thumbnail is not None
    chosen = viewer.get(MANIFEST).json

    assert waiting["test"] is None
    assert waiting["default"]["url"] == f"{PICTURES}/{video.sha256s[0]}.jpg"
    assert chosen["default"]["url"] == f"{PICTURES}/{made.thumbnail.sha256}.jpg"
    assert chosen["test"] is None


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("assets", "deleted_at = now()"),
        ("assets", "is_private = true"),
        ("assets", "is_private = NULL"),
        ("assets", "foreign_thumbnail = 'theirs'"),
        ("publications", "confirmed_at = NULL"),
        ("publications", "state = 'yielded'"),
    ],
)
def test_there_is_none_of_what_is_not_shown_to_everybody(
    engine: Engine, viewer: FlaskClient, table: str, values: str
) -> None:
    """One answer for all of it, so that nobody learns which private videos there are."""
    tested_video.store(engine)
    change(engine, values, table)

    answer, unknown = viewer.get(MANIFEST), viewer.get("/v1/variants/mux/main/never.json")

    assert (answer.status_code, answer.json) == (404, unknown.json)
    assert answer.headers["Cache-Control"] == "no-store"
    assert viewer.get("/v1/variants?ids=mux/main/a1").json == {"assets": []}
    assert viewer.get("/v1/posters/mux/main/a1.jpg").status_code == 404


@pytest.mark.parametrize(
    ("signed", "is_private", "status"),
    [("private", "false", 200), ("private", "NULL", 404), ("private", "true", 404), ("all", "false", 404)],
)
def test_there_is_none_of_pictures_at_signed_addresses(
    engine: Engine, viewers: Viewers, signed: str, is_private: str, status: int
) -> None:
    """A signature in a public answer would open the picture to everybody."""
    tested_video.store(engine)
    change(engine, f"is_private = {is_private}")
    client = viewers(**{**SIGNED, "signed_thumbnails": signed})

    answer = client.get(MANIFEST)

    assert answer.status_code == status
    assert b"signature=" not in answer.data
    assert client.get("/v1/posters/mux/main/a1.jpg?viewer=me").status_code == (302 if status == 200 else 404)


@pytest.mark.parametrize(
    "external_id", ["folder/a 1.mp4", "/leading//slashes", "Grüße-\N{FILM FRAMES}", "a.json"]
)
def test_an_id_may_hold_what_ids_of_files_hold(engine: Engine, viewer: FlaskClient, external_id: str) -> None:
    """Slashes too, also at its beginning, as those of videos on no platform."""
    tested_video.store(engine, external_id, platform="direct", account="media")

    answer = viewer.get(f"/v1/variants/direct/media/{external_id}.json")

    assert (answer.status_code, answer.json and answer.json["asset"]) == (200, f"direct/media/{external_id}")
    assert viewer.get(f"/v1/posters/direct/media/{external_id}.jpg").status_code == 302


@pytest.mark.parametrize("asset_id", ["%00", "a%00b", "%FF", "' OR 1=1 --", "x" * 2001, "%ED%A0%80"])
def test_whatever_else_is_404(engine: Engine, viewer: FlaskClient, asset_id: str) -> None:
    """The database is not even asked for what no row can hold."""
    tested_video.store(engine)

    for path in (f"/v1/variants/mux/main/{asset_id}.json", f"/v1/posters/mux/main/{asset_id}.jpg?viewer=me"):
        answer = viewer.get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert viewer.get(f"/v1/variants?ids=mux/main/{asset_id}").json == {"assets": []}


@pytest.mark.parametrize(
    "path", [MANIFEST, "/v1/variants?ids=mux/main/a1", "/v1/thumbs.js", "/v1/posters/mux/main/a1.jpg"]
)
def test_other_methods_are_refused(viewer: FlaskClient, path: str) -> None:
    """In the form of all refusals."""
    answer = viewer.post(path)

    assert (answer.status_code, answer.json and answer.json["status"]) == (405, "method not allowed")
