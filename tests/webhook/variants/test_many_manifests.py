"""A page asks for all its assets at once, and that costs the database little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from tests.support.review.statements import counted
from tests.support.viewers import tested_video
from webhook.variants import kept, manifests
from webhook.variants.manifests import Name

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient
    from sqlalchemy import Engine, Select

ROWS = """
INSERT INTO assets (platform, account, external_id)
SELECT 'mux', 'main', 'v' || n FROM generate_series(1, 3000) n;
INSERT INTO thumbnails (asset_id, generation, rank, aspect, time_s, score, parts, reasons, faces, box,
    width_px, height_px, jpeg, sha256, model)
SELECT id, 1, 1, '16:9', 1, 1, '{}', '[]', '[]', '[]', 16, 9, '', md5(id::text), 'lite' FROM assets;
INSERT INTO publications (asset_id, thumbnail_id, generation, state, confirmed_at)
SELECT asset_id, id, 1, 'confirmed', now() FROM thumbnails;
INSERT INTO choices (asset_id, kind, time_s, generation, who)
SELECT id, 'time', 1, 1, 'ada' FROM assets WHERE id % 3 = 0;
INSERT INTO trials (asset_id, aspect, kind, metric, salt, alpha, tau, started_by, ends_at)
SELECT id, '16:9', 'viewers', 'plays', 'salt', .05, .2, 'ada', now() FROM assets;
INSERT INTO variants (trial_id, number, sha256, time_s, bucket_from, bucket_to, model)
SELECT id, number, '', 1, 64 * number, 64 * number + 64, 'lite' FROM trials, generate_series(0, 1) number;
"""
IDS = [7 * number for number in range(1, 51)]
STATEMENTS: dict[str, Callable[[], Select[Any]]] = {
    "external_id": lambda: manifests.assets_of([Name("mux", "main", f"v{number}") for number in IDS]),
    "uq_choices_open": lambda: manifests.open_choices(IDS),
    "ix_publications_asset_id": lambda: manifests.newest_writes(IDS),
    "pk_thumbnails": lambda: manifests.pictures(IDS),
    "uq_trials_running": lambda: manifests.live_tests(IDS),
}


def asked(viewer: FlaskClient, *names: str) -> list[str]:
    """Ask for assets; return the names of those that were answered."""
    answer = viewer.get("/v1/variants", query_string={"ids": ",".join(names)})
    assert answer.status_code == 200
    return [one["asset"] for one in answer.json["assets"]]


def test_they_come_in_the_order_of_the_names_and_unknown_ones_are_left_out(
    engine: Engine, viewer: FlaskClient
) -> None:
    """One wrong name spoils no page, nor does one that is none; twice the same name is answered once."""
    for external_id in ("one", "two", "three"):
        tested_video.store(engine, external_id)

    names = [
        "mux/main/two",
        "mux/main/never",
        "undefined",
        "",
        "mux/main/one",
        "mux/main/two",
        "vimeo/x/three",
    ]
    assert asked(viewer, *names) == ["mux/main/two", "mux/main/one"]


def test_each_is_the_one_that_is_asked_for_alone(engine: Engine, viewer: FlaskClient) -> None:
    """With the same rules for caches."""
    tested_video.store(engine)
    one, many = viewer.get("/v1/variants/mux/main/a1.json"), viewer.get("/v1/variants?ids=mux/main/a1")

    assert many.json == {"assets": [one.json]}
    assert many.headers["Cache-Control"] == one.headers["Cache-Control"]
    assert (
        viewer.get(
            "/v1/variants?ids=mux/main/a1", headers={"If-None-Match": many.headers["ETag"]}
        ).status_code
        == 304
    )


@pytest.mark.parametrize("external_id", ["a,b", "100%", "a%2Cb", "x/y z,%,&=#?", "Grüße"])
def test_commas_of_an_id_are_escaped(engine: Engine, viewer: FlaskClient, external_id: str) -> None:
    """As browsers escape them; with what else is in the id."""
    tested_video.store(engine, external_id, platform="direct", account="media")
    escaped = f"direct/media/{external_id}".replace("%", "%25").replace(",", "%2C")

    assert asked(viewer, escaped, "mux/main/a1") == [f"direct/media/{external_id}"]
    assert viewer.get(f"/v1/variants?ids={quote(escaped, safe='')}").json["assets"]


@pytest.mark.parametrize(
    "query", ["", "?ids=", "?ids=,", "?ids=a1", "?ids=mux/main", "?ids=undefined,null", "?id=mux/main/a1"]
)
def test_what_names_no_asset_is_refused(
    viewer: FlaskClient, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With how it is to be written; no cache keeps it, and no log."""
    answer = viewer.get(f"/v1/variants{query}")

    assert caplog.messages == []
    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")
    assert "PLATFORM/ACCOUNT/ID" in answer.json["reason"]


def test_more_than_fifty_are_refused(viewer: FlaskClient) -> None:
    """Fifty are not."""
    names = [f"mux/main/v{number}" for number in range(51)]

    assert asked(viewer, *names[:50]) == []
    assert viewer.get("/v1/variants", query_string={"ids": ",".join(names)}).status_code == 400


def test_fifty_cost_no_more_statements_than_one(engine: Engine, viewer: FlaskClient) -> None:
    """Five, however many assets; one where nothing is known."""
    names = [f"mux/main/{tested_video.store(engine, f'v{number}') and f'v{number}'}" for number in range(3)]

    with counted(engine) as of_one:
        asked(viewer, names[0])
    with counted(engine) as of_many:
        asked(viewer, *names, *(f"mux/main/never{number}" for number in range(40)))
    with counted(engine) as of_none:
        asked(viewer, "mux/main/never")

    assert [len(of_one), len(of_many), len(of_none)] == [5, 5, 1]


def test_a_flood_is_answered_without_the_database(
    engine: Engine, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a few seconds, also of what there is not; then a change is seen."""
    monkeypatch.setattr(kept, "KEPT_S", 3600.0)
    tested_video.store(engine)
    asked(viewer, "mux/main/a1", "mux/main/never")

    with counted(engine) as statements:
        for _ in range(20):
            assert asked(viewer, "mux/main/never", "mux/main/a1") == ["mux/main/a1"]
            assert viewer.get("/v1/posters/mux/main/a1.jpg?viewer=me").status_code == 302

    assert statements == []


def test_made_up_names_do_not_fill_the_memory(
    engine: Engine, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept is dropped before it is too much, and read again."""
    monkeypatch.setattr(kept, "KEPT_S", 3600.0)
    monkeypatch.setattr(kept, "MOST", 60)
    first, second = ([f"mux/main/v{start + number}" for number in range(40)] for start in (0, 100))
    asked(viewer, *first)
    with counted(engine) as while_kept:
        asked(viewer, *first)
    asked(viewer, *second)
    with counted(engine) as afterwards:
        asked(viewer, *first)

    assert (len(while_kept), len(afterwards)) == (0, 1)


@pytest.mark.parametrize("index", STATEMENTS)
def test_each_statement_uses_an_index(engine: Engine, index: str) -> None:
    """Among thousands of assets, nothing is searched through for fifty."""
    with engine.begin() as connection:
        connection.execute(text(ROWS))
        for table in ("assets", "thumbnails", "publications", "choices", "trials", "variants"):
            connection.execute(text(f"ANALYZE {table}"))

    plan = explained(engine, STATEMENTS[index]())

    assert index in plan, plan
    assert "Seq Scan" not in plan, plan


def explained(engine: Engine, statement: Select[Any]) -> str:
    """Return how PostgreSQL runs a statement."""
    compiled = statement.compile(engine, compile_kwargs={"render_postcompile": True})
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN {compiled}", dict(compiled.params))
        return "\n".join(row[0] for row in rows)
