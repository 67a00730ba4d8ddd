"""`thumbs doctor` tells whether the broker takes messages, not only whether it answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from tests.support.faults.broker_illness import ILLNESSES, Illness
from tests.support.service import builders
from worker.doctor import servers
from worker.standalone.servers import start_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.doctor.finding import Finding

PAGE = (Path(__file__).parents[2] / "docs" / "operate.md").read_text()
RIGHTS = re.search(r"ACL SETUSER thumbs (.+)", PAGE)


@pytest.fixture(scope="module")
def sick(servers_dir: Path) -> Iterator[redis.Redis]:
    """Start a Valkey of its own, whose illnesses are nobody else's."""
    assert RIGHTS
    server = start_valkey(servers_dir / "examined")
    try:
        with redis.Redis.from_url(server.url) as client:
            rights = RIGHTS[1].replace("PASSWORD", "secret").split()
            client.execute_command("ACL", "SETUSER", "thumbs", *rights)
            client.execute_command("ACL", "SETUSER", "earlier", *rights, "-type")
            yield client
    finally:
        server.close()


def look(sick: redis.Redis, user: str = "thumbs") -> list[Finding]:
    """Examine the broker as one of its users."""
    port = sick.connection_pool.connection_kwargs["port"]
    settings = builders.make_settings(redis_url=f"redis://{user}:secret@127.0.0.1:{port}/0")
    return list(servers.check_broker(settings))


@pytest.mark.parametrize("illness", ILLNESSES[:3], ids=lambda illness: illness.name)
def test_a_broker_that_answers_and_refuses_every_message_fails(sick: redis.Redis, illness: Illness) -> None:
    """With the words of the programs' log. The user has the rights that the pages name."""
    well = look(sick)
    with illness.of(sick):
        (found,) = look(sick)

    assert [one.state for one in well] == ["ok"]
    assert found.state == "failed"
    assert illness.says in found.says
    assert found.remedy


def test_a_user_of_an_earlier_version_is_well(sick: redis.Redis) -> None:
    """It may not ask for a key's type, which no program needs."""
    assert [one.state for one in look(sick, "earlier")] == ["ok"]


def test_looking_leaves_nothing(sick: redis.Redis) -> None:
    """What was written goes by itself."""
    look(sick)

    assert all(sick.ttl(key) > 0 for key in sick.scan_iter("thumbs:*"))
