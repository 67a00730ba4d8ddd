"""The commands that run one worker each: `thumbs analyze` and `thumbs publish`."""

from __future__ import annotations

import click

from worker.errors import ConfigurationError


@click.command()
def analyze() -> None:
    """Look at videos as they become ready, until stopped."""
    from worker import work  # noqa: PLC0415  heavy
    from worker.settings import settings  # noqa: PLC0415  heavy

    try:
        work.analyze(settings())
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error


@click.command()
def publish() -> None:
    """Write chosen thumbnails to their platforms, until stopped."""
    from worker import work  # noqa: PLC0415  heavy
    from worker.settings import settings  # noqa: PLC0415  heavy

    try:
        work.publish(settings())
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error
