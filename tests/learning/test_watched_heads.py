"""The dispatcher looks after heads: one that viewers prove to be worse goes without anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.service import builders
from tests.support.waiting import until
from worker.database import transaction
from worker.database.learning import Head
from worker.dispatch.maintenance import Maintenance
from worker.learning import heads, watch

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine


def test_the_dispatcher_takes_a_head_out_of_use_that_has_lost(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Soon after it starts, and then every hour."""
    with transaction(engine) as session:
        session.add(Head(model="lite #1", state="passed", trained_on={}, arrays=b"", who="ada"))
        session.flush()
        heads.ship(session, 1, "ada")
    monkeypatch.setattr(watch, "_loss", lambda *_: "viewers played less with it")

    with Maintenance(engine, builders.make_settings()):
        until(lambda: builders.only(engine, Head).state == "retired")
