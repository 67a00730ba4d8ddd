"""Runs the pages under gunicorn as the receiver runs: readers of requests in front of a few threads."""

# gunicorn carries no types.
# mypy: disable-error-code="import-untyped, misc"

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, ClassVar, cast

from gunicorn import util
from gunicorn.app.base import BaseApplication

from webhook import serving
from webhook.front import FrontWorker
from webhook.review import identity, limits
from worker import logs, tracing
from worker.database import url_of
from worker.errors import SettingsInvalid
from worker.people import tokens
from worker.settings import warn_of_strays
from worker.standalone.pages import with_secret

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from flask import Flask

    from worker.settings import Settings

_OF_PICTURES = re.compile(r"/a/\d+/choose")  # where people send pictures

log = logging.getLogger(__name__)


class PagesWorker(FrontWorker):
    """A process of the pages: larger bodies than the receiver's, which people send by slower lines."""

    #: Threads by the beginning of the address: no program, and no issuer that does not answer, takes those of
    #: the pages.
    threads: ClassVar[dict[str, int]] = {
        "/sign-in/start": 4,
        "/sign-in/callback": 4,
        "/sign-in": 4,
        "/frames/": 4,
        "/pictures/": 4,
        "/api/": 4,
        "/healthz": 1,
        "/": 8,
    }
    max_body_bytes = limits.MAX_BODY_BYTES
    max_held_bytes = limits.MAX_HELD_BYTES
    request_timeout_s = limits.REQUEST_TIMEOUT_S

    def knows(self, environ: WSGIEnvironment) -> bool:
        """Tell whether the cookie is one that we gave to somebody who came in; the database is not asked."""
        return "HTTP_COOKIE" in environ and identity.has_come_in(cast("Flask", self._application), environ)

    def body_limit(self, environ: WSGIEnvironment, *, is_known: bool) -> int:
        """Return how much is read: a picture of those whom we know or programs send; else a form.

        Only the database can tell whether a token is ours, so programs give way to those whom we know.
        """
        path = environ["PATH_INFO"]
        is_token = environ.get("HTTP_AUTHORIZATION", "").startswith(f"Bearer {tokens.PREFIX}")
        may = is_token if path.startswith("/api/") else is_known and bool(_OF_PICTURES.fullmatch(path))
        return self.max_body_bytes if may else limits.MAX_FORM_BYTES


class ReviewServer(BaseApplication):
    """The pages under gunicorn."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options."""
        address = f"{self._settings.review_host}:{self._settings.review_port}"
        options = serving.options(self._settings, [address]) | {
            "worker_class": PagesWorker,
            "limit_request_line": limits.MAX_LINE_BYTES,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Make the application, in each process anew, so that none inherits connections."""
        tracing.start(self._settings, "review")
        app: WSGIApplication = util.import_app("webhook.review.app:create_review()")
        log.info("ready for people")
        return app


def run_pages(settings: Settings) -> None:
    """Answer requests until a signal ends this process.

    Raises:
        SettingsInvalid: naming the environment variable.
    """
    url_of(settings.database_address)  # what is unusable is told here, not by each process in turn
    if not settings.review_port:
        raise SettingsInvalid("REVIEW_PORT: 0 means no pages; set the port that they are to be at")
    with_secret(settings)
    logs.setup(settings)
    warn_of_strays()
    ReviewServer(settings).run()
