"""Nobody sees anything of the pages who is not signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.review.signed_in import client_of, person, review_app
from worker.database import transaction
from worker.people import sign_ins

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_stranger_is_led_to_the_sign_in_and_sees_nothing_else(engine: Engine) -> None:
    """Whatever the address."""
    answer = review_app(engine).test_client().get("/a/1?x=y")

    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/a/1?x%3Dy"


def test_who_was_signed_out_everywhere_is_a_stranger_again(engine: Engine) -> None:
    """The cookie that a browser kept opens nothing."""
    app, anna = review_app(engine), person(engine)
    client = client_of(app, engine, anna)
    assert client.get("/").status_code == 200

    with transaction(engine) as session:
        sign_ins.end_all(session, anna)

    assert client.get("/").status_code == 302
