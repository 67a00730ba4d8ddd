"""The commands that run one process of the service each: `thumbs dispatch`, `analyze` and `publish`."""

from __future__ import annotations

import click


@click.command()
def dispatch() -> None:
    """Tell workers what is due, until stopped."""
    from worker import dispatcher  # noqa: PLC0415  heavy
    from worker.settings import settings  # noqa: PLC0415  heavy

    dispatcher.serve(settings())


@click.command()
def analyze() -> None:
    """Look at videos as they become ready, until stopped."""
    from worker import work  # noqa: PLC0415  heavy
    from worker.settings import settings  # noqa: PLC0415  heavy

    work.analyze(settings())


@click.command()
def publish() -> None:
    """Write chosen thumbnails to their platforms, until stopped."""
    from worker import work  # noqa: PLC0415  heavy
    from worker.settings import settings  # noqa: PLC0415  heavy

    work.publish(settings())
