"""How people come in, and leave: an invitation, an OpenID provider, or the link of one asset."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Blueprint, flash, g, redirect, render_template, request, session
from flask_login import current_user

from webhook.review import identity, oidc
from webhook.review.errors import as_sentence, page
from webhook.review.identity import is_own_path, open_to_all
from worker.database.models import Asset
from worker.database.states import Role
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
    from webhook.review.errors import ErrorAnswer
    from worker.database.people import Invitation, Person
    from worker.people.roles import Actor
    from worker.people.sign_ins import SignedIn
    from worker.settings import Settings

BEGUN = "oidc"  #: in the cookie: the newest sign-ins at the provider that are under way, one for each tab
NEXT = "next"  #: in queries: where to go from there
MOST_BEGUN = 4
MOST_BEGUN_CHARACTERS = 2000  #: of all of them; a browser keeps 4 kB
TELL_S = 60.0  #: between two log lines of what went wrong at a sign-in: strangers can have any number of them

# A proxy adds one of these for whoever it speaks for.
_OF_PROXIES = (
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "Forwarded"),
    *("X-Real-Ip", "CF-Connecting-IP", "True-Client-IP", "Via"),
)
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
        if _is_person():
            return redirect(back)
        session[NEXT] = back  # who comes in by an invitation is led there, too
        return render_template("sign_in.html", provider=provider and provider.name, next=back)

    return pages


def _add_ways_in(pages: Blueprint, settings: Settings, database: BoundedDatabase) -> None:
    @pages.get("/invitations/<token>")
    @open_to_all
    def show_invitation(token: str) -> str | ErrorAnswer:
        # Programs that look at links in mail open it, too: it is used up by the button only.
        try:
            invitation = database.in_transaction(lambda rows: _opened(rows, token))
        except InvitationRefused as refused:
            return page(403, "No invitation", as_sentence(str(refused)))
        return render_template("invitation.html", invitation=invitation, grants=granted(invitation.grants))

    @pages.post("/invitations/<token>")
    @open_to_all
    def accept_invitation(token: str) -> Response | ErrorAnswer:
        def accept(rows: Session) -> tuple[str, SignedIn]:
            _opened(rows, token)
            return _begin(rows, invitations.accept(rows, token), settings)

        try:
            entered = database.in_transaction(accept)
        except InvitationRefused as refused:
            return page(403, "No invitation", as_sentence(str(refused)))
        back = _own(session.get(NEXT))
        identity.enter(*entered)
        flash("Welcome.")
        return redirect(back)

    @pages.get("/s/<token>")
    @open_to_all
    def open_link(token: str) -> Response | ErrorAnswer:
        found = database.in_transaction(lambda rows: identity.find_link(rows, token))
        if found is None:
            sentence = "This link has ended, or was not copied to its end. Ask whoever sent it for a new one."
            return page(403, "No link", sentence)
        asset_id = found.actor.asset_id
        if not _is_person():
            identity.enter_by_link(token)
        elif not database.in_transaction(lambda rows: _may_see(rows, current_user.who.actor, asset_id)):
            g.signed_in = current_user.who  # for the way out on that page
            name = current_user.who.actor.name
            sentence = (
                f"{name} is signed in here, and may not see this video: sign out, and open the link again."
            )
            return page(403, "Another account", sentence)
        return redirect(f"/a/{asset_id}")


def _add_provider(
    pages: Blueprint, provider: oidc.Provider, settings: Settings, database: BoundedDatabase
) -> None:
    refusals = _Refusals()

    @pages.get("/sign-in/start")
    @open_to_all
    def start() -> Response | ErrorAnswer:
        try:
            address, begun = provider.begin()
        except oidc.OidcFailed as failed:
            return refusals.answer(failed)
        session[BEGUN] = _newest([*session.get(BEGUN, ()), [*begun, _own(request.args.get(NEXT))]])
        return redirect(address)

    @pages.get(oidc.CALLBACK)
    @open_to_all
    def come_back() -> Response | ErrorAnswer:
        under_way = session.get(BEGUN, [])
        # Whatever else leads here, such as another site, leaves those that are under way as they are.
        mine = next((one for one in under_way if one[0] == request.args.get("state")), None)
        if mine is None:
            return (
                redirect("/") if _is_person() else page(403, "Not signed in", as_sentence(_none(under_way)))
            )
        session[BEGUN] = [one for one in under_way if one is not mine]
        *begun, back = mine
        try:
            stated = provider.finish(request.args, oidc.Begun(*begun))
            database.in_transaction(
                lambda rows: single_sign_on.take_over(rows, stated.email, stated.name, stated.roles)
            )
            entered = database.in_transaction(
                lambda rows: _begin(rows, single_sign_on.admitted(rows, stated.email), settings)
            )
        except (oidc.OidcFailed, PermanentError) as failed:
            return refusals.answer(failed)
        identity.enter(*entered)
        return redirect(back)


def _add_ways_out(pages: Blueprint, database: BoundedDatabase) -> None:
    @pages.post("/sign-out")
    def sign_out() -> Response:
        token = current_user.id
        database.in_transaction(lambda rows: sign_ins.end(rows, token))
        return _left("You are signed out.")

    @pages.post("/sign-out-everywhere")
    def sign_out_everywhere() -> Response:
        who = identity.actor()
        database.in_transaction(lambda rows: leaving.sign_out(rows, who, who.name))
        return _left("You are signed out in every browser.")

    @pages.post("/single-keys")
    def set_single_keys() -> Response:
        person_id, is_on = identity.signed_in().person_id, request.form.get("to") == "on"
        if person_id is None:
            session[identity.SINGLE_KEYS] = is_on
        else:
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


def _is_person() -> bool:
    """Tell whether somebody is signed in, and did not come by a link."""
    return current_user.is_authenticated and current_user.who.person_id is not None


def _may_see(rows: Session, who: Actor, asset_id: int | None) -> bool:
    return who.may(Role.VIEWER, rows.get_one(Asset, asset_id))


def _newest(under_way: list[list[str]]) -> list[list[str]]:
    """Keep of the sign-ins that are under way what a cookie has room for."""
    kept = under_way[-MOST_BEGUN:]
    while len(kept) > 1 and sum(len(word) for one in kept for word in one) > MOST_BEGUN_CHARACTERS:
        kept = kept[1:]
    if len(kept[-1][-1]) > MOST_BEGUN_CHARACTERS:
        kept[-1][-1] = "/"
    return kept


def _none(under_way: list[list[str]]) -> str:
    """Say that the answer of a provider belongs to nothing that began here."""
    is_other = "this is not the sign-in that began in this browser; begin again from the sign-in page"
    return is_other if under_way else "no sign-in began in this browser; begin one"


def _left(sentence: str) -> Response:
    """Forget who was signed in, and have the browser forget the pictures that it keeps."""
    session.clear()
    flash(sentence)
    response = redirect("/sign-in")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _begin(rows: Session, person: Person, settings: Settings) -> tuple[str, SignedIn]:
    """Sign a person in by a new word, so that none that a browser had before is worth anything."""
    sign_ins.end(rows, str(session.get("_user_id")))
    token = sign_ins.begin(rows, person)
    who = sign_ins.find(rows, token, settings.idle_limit_s, settings.sign_in_limit_s)
    if who is None:
        raise LookupError("a sign-in that began in this transaction is over")
    audit.note(rows, who.actor, "sign-in")
    return token, who


def _own(path: Any) -> str:
    """Return an address of ours as it may stand in a redirect; the library where it is none."""
    if not isinstance(path, str) or not is_own_path(path):
        return "/"
    return quote(path, safe="/?&=%:@,;+*!'()~$-._[]")


class _Refusals:
    """Answers those who did not come in, and logs one of them a minute."""

    def __init__(self) -> None:
        self._told_at_s = -TELL_S
        self._untold = 0

    def answer(self, failed: Exception) -> ErrorAnswer:
        """Say why they did not come in."""
        now_s = time.monotonic()
        if now_s >= self._told_at_s + TELL_S:
            more = f", and {self._untold} before" if self._untold else ""
            log.warning("somebody did not come in%s: %s (%r)", more, failed, failed.__cause__)
            self._told_at_s, self._untold = now_s, 0
        else:
            self._untold += 1
        code = 503 if isinstance(failed, oidc.ProviderSilent) else 403
        return page(code, "Not signed in", as_sentence(str(failed)))
