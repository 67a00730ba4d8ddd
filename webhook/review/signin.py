"""How people come in, and leave: an invitation, an OpenID provider, or the link of one asset."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Blueprint, flash, redirect, render_template, request, session
from flask_login import current_user
from werkzeug.exceptions import NotFound

from webhook.review import identity, oidc
from webhook.review.errors import as_sentence, page
from webhook.review.identity import is_own_path, open_to_all
from worker.errors import PermanentError
from worker.people import audit, invitations, leaving, preferences, sign_ins, single_sign_on
from worker.people.invitations import InvitationRefused
from worker.people.roles import granted
from worker.settings.types import is_loopback

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy.orm import Session
    from werkzeug import Response

    from webhook.bounded import BoundedDatabase
    from webhook.review.errors import Answer
    from worker.database.people import Invitation, Person
    from worker.people.sign_ins import SignedIn
    from worker.settings import Settings

BEGUN = "oidc"  #: in the cookie: a sign-in at the provider that is under way
NEXT = "next"  #: in the cookie and in queries: where to go from there

# A proxy adds one of these for whoever it speaks for.
_OF_PROXIES = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")
_LOCAL_ONLY = (
    "this link opens on the machine that `thumbs up` runs on only: open it there, "
    "or ask whoever runs it for `thumbs invite`"
)

log = logging.getLogger(__name__)


def sign_in_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes of the sign-in."""
    pages = Blueprint("sign_in", __name__)
    provider = oidc.Provider(settings) if settings.review_oidc_issuer else None
    _add_ways_in(pages, settings, database)
    if provider is not None:
        _add_provider(pages, provider, settings, database)
    _add_ways_out(pages, database)

    @pages.get("/sign-in")
    @open_to_all
    def ask() -> str | Response:
        back = _own(request.args.get(NEXT))
        if current_user.is_authenticated:
            return redirect(back)
        return render_template("sign_in.html", provider=provider and provider.name, next=back)

    return pages


def _add_ways_in(pages: Blueprint, settings: Settings, database: BoundedDatabase) -> None:
    @pages.get("/invitations/<token>")
    @open_to_all
    def show_invitation(token: str) -> str | Answer:
        # Programs that look at links in mail open it, too: it is used up by the button only.
        try:
            invitation = database.in_transaction(lambda rows: _opened(rows, token))
        except InvitationRefused as refused:
            return page(403, "No invitation", as_sentence(str(refused)))
        return render_template("invitation.html", invitation=invitation, grants=granted(invitation.grants))

    @pages.post("/invitations/<token>")
    @open_to_all
    def accept_invitation(token: str) -> Response | Answer:
        def accept(rows: Session) -> tuple[str, SignedIn]:
            _opened(rows, token)
            return _begin(rows, invitations.accept(rows, token), settings.idle_limit_s)

        try:
            entered = database.in_transaction(accept)
        except InvitationRefused as refused:
            return page(403, "No invitation", as_sentence(str(refused)))
        identity.enter(*entered)
        flash("Welcome.")
        return redirect("/")

    @pages.get("/s/<token>")
    @open_to_all
    def open_link(token: str) -> Response | Answer:
        found = database.in_transaction(lambda rows: identity.find_link(rows, token))
        if found is None:
            sentence = "This link has ended, or was not copied to its end. Ask whoever sent it for a new one."
            return page(403, "No link", sentence)
        if not current_user.is_authenticated or current_user.who.person_id is None:
            session.clear()
            session[identity.LINK] = token
        return redirect(f"/a/{found.actor.asset_id}")


def _add_provider(
    pages: Blueprint, provider: oidc.Provider, settings: Settings, database: BoundedDatabase
) -> None:
    @pages.get("/sign-in/start")
    @open_to_all
    def start() -> Response | Answer:
        try:
            address, begun = provider.begin()
        except oidc.OidcFailed as failed:
            return _not_signed_in(failed)
        session[BEGUN] = list(begun)
        session[NEXT] = _own(request.args.get(NEXT))
        return redirect(address)

    @pages.get(oidc.CALLBACK)
    @open_to_all
    def come_back() -> Response | Answer:
        begun, back = session.pop(BEGUN, None), _own(session.pop(NEXT, None))
        if begun is None:
            return _not_signed_in(oidc.OidcFailed("no sign-in began in this browser; begin one"))
        try:
            stated = provider.finish(request.args, oidc.Begun(*begun))
            database.in_transaction(
                lambda rows: single_sign_on.take_over(rows, stated.email, stated.name, stated.roles)
            )
            entered = database.in_transaction(
                lambda rows: _begin(rows, single_sign_on.admitted(rows, stated.email), settings.idle_limit_s)
            )
        except (oidc.OidcFailed, PermanentError) as failed:
            return _not_signed_in(failed)
        identity.enter(*entered)
        return redirect(back)


def _add_ways_out(pages: Blueprint, database: BoundedDatabase) -> None:
    @pages.post("/sign-out")
    def sign_out() -> Response:
        token = current_user.id
        database.in_transaction(lambda rows: sign_ins.end(rows, token))
        session.clear()
        flash("You are signed out.")
        return redirect("/sign-in")

    @pages.post("/sign-out-everywhere")
    def sign_out_everywhere() -> Response:
        who = identity.actor()
        database.in_transaction(lambda rows: leaving.sign_out(rows, who, who.name))
        session.clear()
        flash("You are signed out in every browser.")
        return redirect("/sign-in")

    @pages.post("/single-keys")
    def set_single_keys() -> Response:
        person_id, is_on = identity.signed_in().person_id, request.form.get("to") == "on"
        if person_id is None:
            raise NotFound
        database.in_transaction(lambda rows: preferences.set_single_keys(rows, person_id, is_on=is_on))
        flash(f"Single-key shortcuts are {'on' if is_on else 'off'}.")
        return redirect(_own(request.form.get(NEXT)), 303)


def _opened(rows: Session, token: str) -> Invitation:
    invitation = invitations.look_up(rows, token)
    if invitation.is_local and not _is_from_this_machine():
        raise InvitationRefused(_LOCAL_ONLY)
    rows.expunge(invitation)
    return invitation


def _is_from_this_machine() -> bool:
    return is_loopback(request.remote_addr) and not any(name in request.headers for name in _OF_PROXIES)


def _begin(rows: Session, person: Person, idle_s: float) -> tuple[str, SignedIn]:
    """Sign a person in by a new word, so that none that a browser had before is worth anything."""
    token = sign_ins.begin(rows, person)
    who = sign_ins.find(rows, token, idle_s)
    if who is None:
        raise LookupError("a sign-in that began in this transaction is over")
    audit.note(rows, who.actor, "sign-in")
    return token, who


def _own(path: Any) -> str:
    """Return an address of ours as it may stand in a redirect; the library where it is none."""
    if not isinstance(path, str) or not is_own_path(path):
        return "/"
    return quote(path, safe="/?&=%:@,;+*!'()~$-._[]")


def _not_signed_in(failed: Exception) -> Answer:
    log.warning("somebody did not come in: %s (%r)", failed, failed.__cause__)
    code = 503 if isinstance(failed, oidc.ProviderSilent) else 403
    return page(code, "Not signed in", as_sentence(str(failed)))
