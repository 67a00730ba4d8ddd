"""The commands that run the service: all of it (`up`), or one process of it each."""

from __future__ import annotations

import click

from worker.admin.assets import operator_name
from worker.dispatch import dispatcher, worker_process
from worker.settings import get_settings
from worker.standalone import service
from worker.standalone.supervisor import ProgramFailed


@click.command()
def up_command() -> None:
    """Run the whole service on this machine.

    Starts its own PostgreSQL and Valkey if DATABASE_URL and REDIS_URL are not set. Ctrl-C stops everything in
    order; a second Ctrl-C stops it without waiting.
    """
    try:
        service.run_service(get_settings(), operator_name())
    except ProgramFailed as error:
        raise click.ClickException(str(error)) from error


@click.command()
def dispatch_command() -> None:
    """Tell workers what is due, until stopped."""
    dispatcher.serve(get_settings())


@click.command()
def analyze_command() -> None:
    """Look at videos as they become ready, until stopped."""
    worker_process.analyze(get_settings())


@click.command()
def publish_command() -> None:
    """Write chosen thumbnails to their platforms, until stopped."""
    worker_process.publish(get_settings())
