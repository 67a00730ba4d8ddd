"""`thumbs help` and `thumbs completion`: what helps at the prompt of a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "thumbs"
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    r"""Print what lets a shell complete the words of `thumbs`.

    Put one line into the file that your shell reads at its start:

    \b
      ~/.bashrc                    eval "$(thumbs completion bash)"
      ~/.zshrc                     eval "$(thumbs completion zsh)"
      ~/.config/fish/config.fish   thumbs completion fish | source
    """
    maker = get_completion_class(shell)
    if maker is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(maker(ctx.find_root().command, {}, PROGRAM, f"_{PROGRAM.upper()}_COMPLETE").source())


@click.command()
@click.argument("words", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def help_command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Show what a command does, and its options.

    Without a COMMAND, it lists all commands.
    """
    shown = ctx.find_root()
    for word in words:
        if not isinstance(shown.command, click.Group):
            raise click.UsageError(f"{shown.command_path} has no commands of its own")
        _, command, _ = shown.command.resolve_command(shown, [word])
        if command is not None:
            shown = click.Context(command, parent=shown, info_name=word)
    click.echo(shown.get_help())
