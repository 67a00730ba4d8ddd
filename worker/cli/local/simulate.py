"""`thumbs simulate`: a simulated platform beside one's own service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import TypeAdapter, ValidationError

from worker.demo import beside
from worker.demo.bundled_clip import bundled_clip
from worker.errors import ConfigurationError, ThumbsError
from worker.settings import get_settings
from worker.settings.complaints import complaint
from worker.settings.types import AccountName, Url

if TYPE_CHECKING:
    from collections.abc import Callable


def _as_setting(kind: TypeAdapter[str]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Make a check that refuses what a variable of this kind could not have as its value."""

    def check(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
        try:
            return value and kind.validate_python(value)
        except ValidationError as exc:
            raise click.BadParameter(complaint(exc.errors()[0], {})) from exc

    return check


@click.command(epilog=f"PLATFORM is one of: {', '.join(beside.NAMES)}.")
@click.argument("platform", type=click.Choice(beside.NAMES), metavar="PLATFORM")
@click.option(
    "--upload",
    "videos",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Upload this video at the start; may be given several times. Without it, a clip that the tests use.",
)
@click.option(
    "--to",
    "service_url",
    metavar="URL",
    callback=_as_setting(TypeAdapter(Url)),
    help="Your service. Without it, the one at PUBLIC_URL, or at PORT of this machine.",
)
@click.option(
    "--account",
    metavar="NAME",
    default=beside.ACCOUNT,
    show_default=True,
    callback=_as_setting(TypeAdapter(AccountName)),
    help="Name of the account.",
)
@click.option(
    "--port",
    default=beside.PORT,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Where the platform is; its address is the same in every run.",
)
@click.option("--exports", "only_exports", is_flag=True, help="Print the variables for a shell, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line for all that happens.")
def simulate_command(
    platform: str,
    videos: tuple[Path, ...],
    service_url: str | None,
    account: str,
    port: int,
    *,
    only_exports: bool,
    as_json: bool,
) -> None:
    """Run a simulated PLATFORM beside your own service.

    Prints the variables that your service needs, waits until it is there, uploads a video, sends the
    webhooks, and prints each write that comes back. While it runs, Enter uploads the video again, and the
    path of another file uploads that one. Ctrl-C stops it.
    """
    try:
        simulation = beside.SimulationPlan(platform, service_url or _service_url(), account, port)
        if only_exports:
            click.echo(beside.exports(simulation.variables()))
        else:
            beside.run_beside(simulation, videos or (bundled_clip(),), as_json=as_json)
    except ConfigurationError:
        raise
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error


def _service_url() -> str:
    """Find the service that the settings are of: at its public address, where one is set."""
    settings = get_settings()
    is_set = "public_url" in settings.model_fields_set
    return settings.public_url if is_set else f"http://127.0.0.1:{settings.port}"
