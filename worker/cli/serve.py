"""`thumbs serve`: the receiver. Apart from the other services, so that it loads no Celery."""

from __future__ import annotations

import click

from webhook.serving import run_receiver
from worker.settings import get_settings


@click.command()
def serve_command() -> None:
    """Receive webhooks and serve thumbnails, until stopped."""
    run_receiver(get_settings())
