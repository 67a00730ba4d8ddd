"""Commands that are imported to be run, and not to be listed.

So `thumbs --help` answers at once, and the receiver's machine can list commands whose libraries it does not
have.
"""

from __future__ import annotations

from importlib import import_module

import click

from worker.installation import extras
from worker.standalone.interrupts import end_when_asked


class LazyCommand(click.Command):
    """A command as the list shows it: its name and first sentence. `load` imports the command itself.

    Args:
        name: of the command.
        address: "module:attribute".
        help: its first sentence.
        needs: the extras without which it cannot begin.
    """

    def __init__(self, name: str, address: str, help: str, needs: tuple[str, ...] = ()) -> None:  # noqa: A002 - click's word
        super().__init__(name, help=help)
        self.address = address
        self.needs = needs

    def required(self) -> tuple[str, ...]:
        """Name the extras without which it cannot begin here, as it is set."""
        return self.needs

    def load(self) -> click.Command:
        """Import the command that this one stands for."""
        module, _, attribute = self.address.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


class LazyService(LazyCommand):
    """A command that runs until it is stopped, and may be stopped before its libraries are there."""

    def load(self) -> click.Command:
        """Import the command; a request to end is no failure meanwhile."""
        end_when_asked()
        return super().load()


class LazyUp(LazyService):
    """The whole service, which brings the servers whose addresses are not set."""

    def required(self) -> tuple[str, ...]:
        """Name the extras, the servers' too, so that nobody installs the large ones to learn of one more."""
        from worker.settings import get_settings  # noqa: PLC0415  takes time

        settings = get_settings()
        has_own = settings.database_url is None or settings.redis_url is None
        return (*self.needs, "embedded") if has_own else self.needs


class LazyGroup(click.Group):
    """A group that imports a command only to run it.

    It follows "Lazily loading subcommands" of click's documentation, but for one thing: there, the list of
    commands asks each command for its first sentence, and so imports them all. Here the stand-ins know it.
    """

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """List commands in the order in which a newcomer needs them; click would sort them."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is to run, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, LazyCommand):
            # What it can do is shown without them, and completed in a shell.
            if not (ctx.resilient_parsing or set(ctx.help_option_names) & set(rest)):
                extras.require(f"`{ctx.command_path} {name}`", *command.required())
            command = command.load()
        return name, command, rest
