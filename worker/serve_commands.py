"""The commands that run the service: `thumbs up` and `thumbs demo`."""

from __future__ import annotations

import click

from worker.supervisor import ProgramFailed


@click.command()
def up() -> None:
    """Run the whole service on this machine.

    Starts its own PostgreSQL and Valkey where DATABASE_URL and REDIS_URL are not set. Ctrl-C stops all of it
    in order; a second Ctrl-C does not wait.
    """
    from worker import up as service  # noqa: PLC0415  heavy
    from worker.settings import settings  # noqa: PLC0415  heavy

    try:
        service.run(settings())
    except ProgramFailed as error:
        raise click.ClickException(str(error)) from error
