"""The pages' files of deploy/proxy: with them people come in by TLS, and only by the pages' own name."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support import reverse_proxies
from tests.support.review.pages_server import served_pages
from webhook.review import limits
from worker.database import transaction
from worker.database.states import Role
from worker.people import invitations
from worker.people.roles import Grant, operator_of_server
from worker.standalone.pages import local_invitation

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.mark.faults  # whole programs, and twice as many as elsewhere
@pytest.mark.parametrize("name", reverse_proxies.PAGES_PROXIES)
def test_people_come_in_by_tls_and_by_the_pages_own_name(
    name: str, tmp_path: Path, engine: Engine, database_url: str
) -> None:
    """Their cookie goes by TLS only; the link of this machine stays closed; large pictures pass."""
    if not reverse_proxies.is_installed(name):
        pytest.skip(f"{name} is not installed")
    with transaction(engine) as session:
        made = invitations.make(
            session,
            operator_of_server("root@server"),
            "anna@example.com",
            [Grant(Role.EDITOR)],
            timedelta(days=1),
        )
    local = local_invitation(database_url, "root@server")
    url = f"https://{reverse_proxies.PAGES_NAME}"
    with (
        served_pages(database_url, tmp_path, REVIEW_URL=url) as direct,
        reverse_proxies.in_front(name, tmp_path, direct.base_url.port or 0, of_pages=True) as client,
    ):
        path = invitations.path_of(made.token)
        page = client.get(path)
        word = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert word is not None
        before = page.headers["Set-Cookie"]
        cookie = {"Cookie": before.partition(";")[0], "Origin": url, "Sec-Fetch-Site": "same-origin"}
        entered = client.post(path, data={"csrf_token": word[1]}, headers=cookie)
        inside = {"Cookie": entered.headers["Set-Cookie"].partition(";")[0]}

        assert before.startswith("__Host-thumbs=")
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in before.split(";")}
        assert entered.status_code == 302
        assert "anna@example.com" in client.get("/", headers=inside).text
        assert client.get("/", headers=inside).headers["Strict-Transport-Security"] == "max-age=31536000"

        assert client.get(local).status_code == 403
        client.cookies.clear()
        largest = client.post("/a/1/choose", content=b"x" * limits.MAX_BODY_BYTES, headers=inside)
        assert largest.status_code == 400  # once all of it was read: the word of the form is not in it
        assert direct.get("/", headers={"Host": "evil.example"}).status_code == 421
