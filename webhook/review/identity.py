"""Who asks: read from the cookie for each request, and nobody gets past without it.

Every address asks for a sign-in, but for those that are marked as `open_to_all`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from flask import current_app, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user

from worker.people import sign_ins

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug import Response

    from webhook.bounded import BoundedDatabase
    from worker.people.roles import Actor
    from worker.people.sign_ins import SignedIn
    from worker.settings import Settings

View = TypeVar("View", bound="Callable[..., object]")


class Visitor(UserMixin):  # type: ignore[misc]  # Flask-Login carries no types
    """A person as Flask-Login knows them, by the word that their browser shows."""

    def __init__(self, token: str, who: SignedIn) -> None:
        self.id = token
        self.who = who


def open_to_all(view: View) -> View:
    """Mark a view that needs no sign-in."""
    view.is_open_to_all = True  # type: ignore[attr-defined]
    return view


def actor() -> Actor:
    """Return who asks. Only in views that need a sign-in."""
    return cast("Actor", current_user.who.actor)


def require_sign_in(app: Flask, settings: Settings, database: BoundedDatabase) -> None:
    """Have every request of the application come from somebody who is signed in."""
    manager = LoginManager(app)
    manager.session_protection = None  # the word in the cookie is random, and looked up each time

    @manager.user_loader  # type: ignore[untyped-decorator]  # it carries no types
    def load(token: str) -> Visitor | None:
        who = database.in_transaction(lambda rows: sign_ins.find(rows, token, settings.review_idle_s))
        return None if who is None else Visitor(token, who)

    @app.before_request
    def refuse_strangers() -> Response | None:
        view = current_app.view_functions.get(request.endpoint or "")
        if view is not None and getattr(view, "is_open_to_all", False):
            return None
        if current_user.is_authenticated:
            g.signed_in = current_user.who
            return None
        session.clear()
        return redirect(url_for("sign_in.ask", next=request.full_path.rstrip("?")))
