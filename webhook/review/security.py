"""Protects the pages and those who use them: headers, cookies, and forms that only our pages can send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import Forbidden

if TYPE_CHECKING:
    from flask import Flask, Response

    from worker.settings import Settings

MAX_UPLOAD_BYTES = 10 * 1024 * 1024  # a picture; `worker.choices.own_picture` refuses more as well

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


def harden(app: Flask, settings: Settings) -> None:
    """Set the application's cookies and headers, and refuse what other sites send."""
    is_https = settings.review_url.startswith("https:")
    secret = settings.review_secret
    app.config.update(
        SECRET_KEY=secret.get_secret_value() if secret else None,
        MAX_CONTENT_LENGTH=MAX_UPLOAD_BYTES + 64 * 1024,  # the other fields of the form
        SESSION_COOKIE_NAME="__Host-thumbs" if is_https else "thumbs",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # as long as the sign-in
        WTF_CSRF_SSL_STRICT=True,
    )
    CSRFProtect(app)

    @app.before_request
    def refuse_other_sites() -> None:
        if request.method not in {"GET", "HEAD"} and request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise Forbidden("this form was sent by another site")

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if is_https:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "private, no-store"
        return response
