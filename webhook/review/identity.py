"""Who asks: read from the cookie for each request, and nobody gets past without it.

Every address asks for a sign-in, but for those that are marked as `open_to_all`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import urlsplit

from flask import Response, current_app, g, redirect, render_template, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user

from webhook.review import forms
from worker.people import links, sign_ins
from worker.people.roles import NotAllowed
from worker.people.sign_ins import SignedIn

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIEnvironment

    from flask import Flask, Request
    from sqlalchemy.orm import Session
    from werkzeug import Response as AnyResponse

    from webhook.bounded import BoundedDatabase
    from worker.people.roles import Actor
    from worker.settings import Settings

View = TypeVar("View", bound="Callable[..., object]")

STOP_POLLING = 286  #: the status by which htmx learns to ask no more
LINK = "link"  #: in the cookie: the word of a link that opens one asset
SINGLE_KEYS = "single_keys"  #: in the cookie: how whoever came by a link wants them

# What a link opens, beside its asset's own page; these look by themselves at what they show.
_OF_LINKS = ("/frames/", "/pictures/")
_OF_ALL = frozenset({"/sign-out", "/single-keys"})


class Visitor(UserMixin):  # type: ignore[misc]  # Flask-Login carries no types
    """A person as Flask-Login knows them, by the word that their browser shows."""

    def __init__(self, token: str, who: SignedIn) -> None:
        self.id = token
        self.who = who


def open_to_all(view: View) -> View:
    """Mark a view that needs no sign-in."""
    view.is_open_to_all = True  # type: ignore[attr-defined]
    return view


def polled(view: View) -> View:
    """Mark a view that pages ask for by themselves: nobody uses their sign-in by that."""
    view.is_polled = True  # type: ignore[attr-defined]
    return view


def actor() -> Actor:
    """Return who asks. Only in views that need a sign-in."""
    return signed_in().actor


def signed_in() -> SignedIn:
    """Return who asks, and how they want the pages. Only in views that need a sign-in."""
    return cast("SignedIn", g.signed_in)


def enter(token: str, who: SignedIn) -> None:
    """Begin a session anew for somebody who signed in.

    Args:
        token: that `sign_ins.begin` returned.
        who: it is.
    """
    forms.begin_session()
    session.permanent = True  # the browser keeps it when it is closed: the sign-in ends by itself
    login_user(Visitor(token, who))


def enter_by_link(token: str) -> None:
    """Begin a session anew for whoever came by the link of an asset, of which this is the word."""
    forms.begin_session()
    session[LINK] = token


def require_sign_in(app: Flask, settings: Settings, database: BoundedDatabase) -> None:
    """Have every request of the application come from somebody who is signed in."""
    # Without its processor of contexts: for the page of an error, it would ask the database again.
    manager = LoginManager(app, add_context_processor=False)
    manager.session_protection = None  # the word in the cookie is random, and looked up each time
    open_to_all(app.view_functions["static"])
    app.before_request(_refuse_picture)

    @manager.user_loader  # type: ignore[untyped-decorator]  # it carries no types
    def load(token: str) -> Visitor | None:
        idle_s, lifetime_s = settings.idle_limit_s, settings.sign_in_limit_s
        is_use = not getattr(_asked_view(), "is_polled", False)
        who = database.in_transaction(
            lambda rows: sign_ins.find(rows, token, idle_s, lifetime_s, is_use=is_use)
        )
        return None if who is None else Visitor(token, who)

    @manager.request_loader  # type: ignore[untyped-decorator]
    def load_link(_: Request) -> Visitor | None:
        token = session.get(LINK)
        if not isinstance(token, str):
            return None
        who = database.in_transaction(lambda rows: find_link(rows, token))
        if who is None:
            return None
        return Visitor(token, who._replace(has_single_keys=session.get(SINGLE_KEYS, True)))

    @app.before_request
    def refuse_strangers() -> AnyResponse | None:
        if getattr(_asked_view(), "is_open_to_all", False):
            return None
        if not current_user.is_authenticated:
            session.pop("_user_id", None)  # the word of a sign-in that is over
            session.pop(LINK, None)
            if not _is_reading() and not request.path.startswith("/sign-out"):
                forms.keep_unsent()
            return _to_sign_in()
        g.signed_in = current_user.who
        return _keep_to_link(g.signed_in.actor)

    @app.context_processor
    def say_who() -> dict[str, SignedIn | None]:
        return {"signed_in": g.get("signed_in")}


def _refuse_picture() -> AnyResponse | None:
    """Answer a stranger's picture of a page without a word about the cookie.

    Led to the sign-in, it would take from the cookie what is to be told on the next page, or bring it back
    to what it was before a form that was sent meanwhile.
    """
    is_picture = request.headers.get("Sec-Fetch-Dest") == "image" and request.endpoint != "static"
    return Response(status=401) if is_picture and not current_user.is_authenticated else None


def has_come_in(app: Flask, environ: WSGIEnvironment) -> bool:
    """Tell whether a request has a cookie of ours with a sign-in or a link, which may be over by now."""
    shown = app.session_interface.open_session(app, app.request_class(environ))
    return shown is not None and ("_user_id" in shown or LINK in shown)


def find_link(rows: Session, token: str) -> SignedIn | None:
    """Find whose link this is the word of; None where it means nothing, or does not any more."""
    found = links.find(rows, token)
    return None if found is None else SignedIn(found, None, has_single_keys=True)


def is_own_path(path: str) -> bool:
    r"""Tell whether an address of the query is one of ours, and leads nowhere else.

    Browsers read a backslash as a slash and leave out control characters, so `/\evil.example` names a host.
    """
    if not path.startswith("/") or path.startswith("//") or not path.isprintable() or "\\" in path:
        return False
    parts = urlsplit(path)
    return not parts.scheme and not parts.netloc


def _asked_view() -> Callable[..., object] | None:
    return current_app.view_functions.get(request.endpoint or "")


def _to_sign_in() -> AnyResponse:
    """Lead to the sign-in, and from there back: for a form, to the page that it stands on."""
    is_page = _is_reading() and "HX-Request" not in request.headers
    back = request.full_path.rstrip("?") if is_page else _page_around()
    address = url_for("sign_in.ask", next=back if is_own_path(back) else None)
    if "HX-Request" in request.headers and request.endpoint == "asset.status":
        # Nobody clicked anything, and perhaps they are typing: the page stays, and says so.
        return Response(render_template("asset/signed_out.html", address=address), STOP_POLLING)
    if "HX-Request" in request.headers:
        # htmx would follow a redirect by itself, and put the sign-in into the middle of the page.
        return Response("", 401, {"HX-Redirect": address})
    return redirect(address)


def _is_reading() -> bool:
    return request.method in {"GET", "HEAD"}


def _page_around() -> str:
    """Find the page that a form stands on, or that a piece is part of."""
    referrer = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    # A page that was the answer to a form has the address of that form, which nobody can open.
    if referrer.path and current_app.url_map.bind("").test(referrer.path, "GET"):
        return referrer.path + (f"?{referrer.query}" if referrer.query else "")
    asset_id = (request.view_args or {}).get("asset_id")
    return "" if asset_id is None else url_for("asset.show", asset_id=asset_id)


def _keep_to_link(who: Actor) -> AnyResponse | None:
    """Let whoever came by a link see one asset, and nothing else."""
    if who.asset_id is None or request.path in _OF_ALL or request.path.startswith(_OF_LINKS):
        return None
    own = f"/a/{who.asset_id}"
    if request.path == own or request.path.startswith(f"{own}/"):
        return None
    if request.path == "/":
        return redirect(own)
    raise NotAllowed("your link opens one video only; ask an operator for an invitation to see others")
