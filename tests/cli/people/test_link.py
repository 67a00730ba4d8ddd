"""`thumbs link` prints a link that opens one asset, and ends it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.service.commands import answer
from worker.admin.assets import operator_name
from worker.database import transaction
from worker.database.people import AssetLink
from worker.database.states import Role
from worker.people import links
from worker.people.roles import Grant

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run


@pytest.fixture(autouse=True)
def _assets(engine: Engine) -> None:
    titled = builders.event(asset_id="a1", title="Growing tomatoes")
    builders.record(engine, titled, builders.event(asset_id="a2"))


def test_the_link_opens_the_asset_that_was_named(engine: Engine, thumbs: Run) -> None:
    """By any of its names, as in other commands; a viewer's unless asked otherwise."""
    made = answer(thumbs("link", "growing tom", "--json"))
    shown = thumbs("link", "a1", "--role", "editor", "--days", "1").stdout.splitlines()

    for url, role in ((made["url"], Role.VIEWER), (shown[1], Role.EDITOR)):
        address, _, token = url.rpartition("/")
        with transaction(engine) as session:
            actor = links.find(session, token)
        assert address == "http://127.0.0.1:8080/s"
        assert actor is not None
        assert (actor.asset_id, actor.grants) == (1, (Grant(role, "mux", "main"),))
        assert actor.name.endswith(f"of {operator_name()}")
    assert shown[0] == "link 2, editor of mux/main/a1"
    assert "`thumbs link --revoke 2` ends it" in shown[2]


def test_open_links_are_listed_and_ended_by_their_numbers(engine: Engine, thumbs: Run) -> None:
    """Those of one asset, or all."""
    for name in ("a1", "a2", "a2"):
        thumbs("link", name)
    assert thumbs("link", "--revoke", "3").stdout == "link 3: revoked\n"

    every = thumbs("link", "--list").stdout.splitlines()[1:]
    of_a2 = answer(thumbs("link", "a2", "--list", "--json"))["links"]

    assert [line.split()[0] for line in every] == ["2", "1"]
    assert [(one["id"], one["asset"], one["role"]) for one in of_a2] == [(2, "mux/main/a2", "viewer")]
    assert len(builders.every(engine, AssetLink)) == 3


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "name the asset"),
        (("a1", "--revoke", "1"), 2, "stands alone"),
        (("a1", "--role", "operator"), 2, "'viewer', 'editor'"),
        (("a1", "--days", "366"), 2, "1<=x<=365"),
        (("nothing",), 1, "no such asset"),
        (("--revoke", "7"), 1, "`thumbs link --list` lists those that open"),
    ],
)
def test_what_is_wrong_is_told_with_the_remedy(
    engine: Engine, thumbs: Run, words: tuple[str, ...], code: int, says: str
) -> None:
    """No link is made for it."""
    result = thumbs("link", *words)

    assert (result.exit_code, result.stdout) == (code, "")
    assert says in result.stderr
    assert builders.every(engine, AssetLink) == []
