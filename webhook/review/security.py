"""Protects the pages and those who use them: headers, cookies, and forms that only our pages can send."""

from __future__ import annotations

import hashlib
import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import redirect, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import BadRequest, Forbidden, MisdirectedRequest

from webhook.answers import REFUSAL
from webhook.review.limits import MAX_BODY_BYTES
from worker.settings.types import is_loopback

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug import Response as AnyResponse

    from worker.settings import Settings

_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FILES_MAX_AGE_S = 365 * 24 * 3600  # their addresses change when they do


def harden(app: Flask, settings: Settings) -> None:
    """Set the application's cookies and headers, and refuse what other sites send."""
    is_https = settings.review_url.startswith("https:")
    secret = settings.review_secret
    app.config.update(
        SECRET_KEY=secret.get_secret_value() if secret else None,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES + 1,  # as webhook/front.py counts
        PROVIDE_AUTOMATIC_OPTIONS=False,
        SEND_FILE_MAX_AGE_DEFAULT=_FILES_MAX_AGE_S,
        SESSION_COOKIE_NAME="__Host-thumbs" if is_https else "thumbs",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=settings.sign_in_limit_s,
        SESSION_REFRESH_EACH_REQUEST=False,  # that is no lifetime of an idle browser, but of a sign-in
        WTF_CSRF_TIME_LIMIT=None,  # as long as the sign-in
        WTF_CSRF_SSL_STRICT=False,  # looks at Referer, which a browser may leave out; we look at Origin
    )
    _refuse_others(app, settings.review_url)
    _name_files_by_content(app)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if is_https:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "private, no-store"
        return response


def protect_forms(app: Flask) -> None:
    """Refuse forms without the word that our pages put into them; after the sign-in, which comes first."""
    CSRFProtect(app)
    logging.getLogger("flask_wtf.csrf").setLevel(logging.WARNING)  # a line for each form of a stranger


def _refuse_others(app: Flask, url: str) -> None:
    parts = urlsplit(url)
    ours = _host_of(url)

    @app.before_request
    def refuse_others() -> AnyResponse | None:
        if refusal := request.environ.get(REFUSAL):  # of the server, which wants it answered and nothing else
            raise refusal
        # Werkzeug takes everything for a path, also the "*" of OPTIONS and the host of CONNECT.
        if not request.environ["PATH_INFO"].startswith("/"):
            raise BadRequest("The address has to begin with a slash.")
        # A page of another name would make links with that name, and a name that leads here may be anybody's.
        # Whoever watches from this machine asks by another one.
        asked = _host_of(f"{parts.scheme}://{request.host}")
        if request.path != "/healthz" and asked != ours:
            is_same_machine = is_loopback(asked[0]) and is_loopback(ours[0])
            # A program would not send its token along.
            if is_same_machine and request.method in _SAFE and "Authorization" not in request.headers:
                return redirect(url + request.full_path.rstrip("?"))
            raise MisdirectedRequest(f"These pages are at {url}, and at no other address.")
        if request.method not in _SAFE:
            _refuse_other_sites(url)
        return None


def _refuse_other_sites(url: str) -> None:
    # Old browsers send neither; the word in the form is what counts then.
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in {"same-origin", "none"} or _origin_of(request.headers.get("Origin", url)) != _origin_of(
        url
    ):
        raise Forbidden("This form was sent by another site. Nothing was changed.")


def _origin_of(url: str) -> tuple[str, str, int]:
    """Split an address into what browsers compare; they leave out the port that goes without saying."""
    return urlsplit(url).scheme, *_host_of(url)


def _host_of(url: str) -> tuple[str, int]:
    """Split an address of ours, or raise BadRequest."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise BadRequest("The Host header is not the name of a host.") from error


def _name_files_by_content(app: Flask) -> None:
    """Add a part of each file's SHA-256 to its address: browsers may keep it, and still get a new one."""
    folder = Path(app.static_folder or "")

    @cache
    def version(name: str) -> str:
        try:
            return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]
        except OSError:
            return ""

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("v", version(values["filename"]))
