"""`thumbs serve`, `review` and `beacon`: what answers requests. They load no Celery, and so stand alone."""

from __future__ import annotations

import click

from webhook.beacon.serving import run_beacon
from webhook.review.serving import run_pages
from webhook.serving import run_receiver
from worker.settings import get_settings


@click.command()
def serve_command() -> None:
    """Receive webhooks and serve thumbnails, until stopped."""
    run_receiver(get_settings())


@click.command()
def review_command() -> None:
    """Show people the picks, and let them choose, until stopped.

    They are at REVIEW_HOST and REVIEW_PORT. People come in by an invitation (`thumbs invite`), or sign in at
    the OpenID provider that REVIEW_OIDC_ISSUER names.
    """
    run_pages(get_settings())


@click.command()
def beacon_command() -> None:
    """Show viewers variants, and count what they do, until stopped.

    Viewers' browsers reach it at BEACON_URL; it listens at BEACON_HOST and BEACON_PORT.
    """
    run_beacon(get_settings())
