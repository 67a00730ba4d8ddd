"""The command `thumbs`: the list of its commands, and what all of them do with failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.exceptions import NoArgsIsHelpError

from worker.cli import INTERRUPTED
from worker.cli.lazy import LazyCommand, LazyGroup, LazyService, LazyUp
from worker.cli.lost_output import stdout_taken
from worker.errors import ConfigurationError
from worker.installation import extras

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


DEFAULT = "pick"  #: the command for who names a file and no command

_WORDS = "worker.cli.words"  # where the context keeps all that was typed


class WrongUse(click.ClickException):
    """The command cannot start as it was given."""

    exit_code = 2


class Thumbs(LazyGroup):
    """A group that ends on Ctrl-C, and where the operator must act, with one line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words; `thumbs --help` prints here."""
        ctx.meta[_WORDS] = list(args)
        try:
            with stdout_taken():
                return super().parse_args(ctx, args)
        except NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise _wrong_use(ctx, error) from error

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; every failure becomes an exit code."""
        try:
            with stdout_taken(), extras.explained():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("thumbs: interrupted; pictures that are already written stay", err=True)
            ctx.exit(INTERRUPTED)
        except (ConfigurationError, click.UsageError) as error:
            raise _wrong_use(ctx, error) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is to run; where a file or a folder is named in its place, it is `pick`."""
        is_known = args[0] in self.commands
        if not is_known and _is_path(args[0]):
            return super().resolve_command(ctx, [DEFAULT, *args])
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            sentence = error.format_message()
            if is_known or "?" in sentence:  # a command of a like name is meant
                raise
            raise click.UsageError(f"{sentence.removesuffix('.')}, and no such file.", error.ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command, or else a file, which needs no command."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only a shell asks for it

        return super().shell_complete(ctx, incomplete) or [CompletionItem(incomplete, type="file")]


def _is_path(word: str) -> bool:
    """Tell what is or looks like a file or an address from a misspelt command."""
    return not word.startswith("-") and ("/" in word or "." in word or Path(word).exists())


def _wrong_use(ctx: click.Context, error: ConfigurationError | click.UsageError) -> WrongUse:
    """Make the error of a command that cannot start; who asked for JSON gets a document as well."""
    sentence = str(error)
    if isinstance(error, click.UsageError):
        # Click would print how the command is used first, and bury the line that says what to do.
        path = (error.ctx or ctx).command_path
        sentence = f"{error.format_message()} (all options: {path} --help)"
    if "--json" in ctx.meta.get(_WORDS, []):
        document = {"error": {"kind": WrongUse.__name__, "message": sentence, "may_retry": False}}
        with stdout_taken():
            click.echo(json.dumps(document, indent=2))
    return WrongUse(sentence)


# A test holds each sentence here equal to the first one of the command's own help.
COMMANDS = (
    LazyCommand(
        "pick",
        "worker.cli.local.pick:pick_command",
        "Write the best frames of each VIDEO as cropped JPEG files.",
        needs=("worker",),
    ),
    LazyCommand(
        "rank",
        "worker.cli.local.rank:rank_command",
        "Put pictures in order, the best one first.",
        needs=("worker",),
    ),
    LazyCommand("models", "worker.cli.local.models:models_group", "List, fetch and check the models."),
    LazyUp(
        "up",
        "worker.cli.service:up_command",
        "Run the whole service on this machine.",
        needs=("webhook", "worker"),
    ),
    LazyCommand(
        "demo",
        "worker.cli.local.demo:demo_command",
        "Show the whole loop: a webhook in, the thumbnail out.",
        needs=("webhook", "embedded", "worker"),
    ),
    LazyService(
        "simulate",
        "worker.cli.local.simulate:simulate_command",
        "Run a simulated PLATFORM beside your own service.",
        needs=("webhook", "worker"),
    ),
    LazyCommand("doctor", "worker.cli.doctor:doctor_command", "Check everything that the service needs."),
    LazyCommand(
        "accounts",
        "worker.cli.accounts:accounts_group",
        "Show what waits for each account, and why.",
    ),
    LazyCommand(
        "pause", "worker.cli.accounts:pause_command", "Let the work on an account wait until you resume it."
    ),
    LazyCommand("resume", "worker.cli.accounts:resume_command", "Let the work on an account go on at once."),
    LazyCommand("jobs", "worker.cli.jobs:jobs_command", "List jobs, newest first."),
    LazyCommand("show", "worker.cli.assets.show:show_command", "Show everything about one asset or one job."),
    LazyCommand("events", "worker.cli.events:events_command", "List the received webhooks, newest first."),
    LazyCommand(
        "picks",
        "worker.cli.assets.picks:picks_command",
        "List what your own systems were told of picks; send it again.",
    ),
    LazyCommand(
        "requeue",
        "worker.cli.assets.requeue:requeue_command",
        "Look at assets again, at once: those named, or all that match.",
    ),
    LazyCommand(
        "cancel",
        "worker.cli.jobs:cancel_command",
        "Stop what waits or runs for assets, an account or a job.",
    ),
    LazyCommand("sync", "worker.cli.sync:sync_command", "Find videos that no webhook announced."),
    LazyCommand(
        "choose",
        "worker.cli.assets.choose:choose_command",
        "Show a thumbnail that you choose; later runs keep it.",
    ),
    LazyCommand(
        "release",
        "worker.cli.assets.choose:release_command",
        "End your choice for an asset: its best pick is shown again.",
    ),
    LazyCommand(
        "options",
        "worker.cli.assets.choose:options_command",
        "Say which parts of an asset to avoid or to prefer.",
    ),
    LazyCommand("test", "worker.cli.trials.commands:test_group", "Find out which picture viewers prefer."),
    LazyCommand(
        "judge",
        "worker.cli.learning.judge:judge_group",
        "Measure what a judge may decide, and list what was measured.",
    ),
    LazyCommand(
        "adopt",
        "worker.cli.assets.adopt:adopt_command",
        "Take what platforms show for ours, once a backup was restored.",
    ),
    LazyCommand(
        "erase",
        "worker.cli.assets.erase:erase_command",
        "Remove all that is stored of an asset, for good.",
    ),
    LazyCommand(
        "pictures",
        "worker.cli.assets.pictures:pictures_group",
        "Tell where pictures are kept, move them, and check the bucket.",
    ),
    LazyCommand(
        "invite",
        "worker.cli.people.invite:invite_command",
        "Print a link by which somebody comes to the pages.",
    ),
    LazyCommand(
        "people", "worker.cli.people.people:people_group", "List who may use the pages, and what they may do."
    ),
    LazyCommand(
        "link", "worker.cli.people.link:link_command", "Print a link that opens one asset, without a sign-in."
    ),
    LazyCommand(
        "tokens", "worker.cli.people.tokens:tokens_group", "List the tokens of programs that use the pages."
    ),
    LazyCommand("audit", "worker.cli.people.audit:audit_command", "List what people did, newest first."),
    LazyCommand("migrate", "worker.cli.migrate:migrate_command", "Bring the database's tables up to date."),
    LazyService(
        "serve",
        "worker.cli.serve:serve_command",
        "Receive webhooks and serve thumbnails, until stopped.",
        needs=("webhook",),
    ),
    LazyService(
        "review",
        "worker.cli.serve:review_command",
        "Show people the picks, and let them choose, until stopped.",
        needs=("webhook",),
    ),
    LazyService(
        "beacon",
        "worker.cli.serve:beacon_command",
        "Show viewers variants, and count what they do, until stopped.",
        needs=("webhook",),
    ),
    LazyService(
        "dispatch", "worker.cli.service:dispatch_command", "Tell workers what is due, until stopped."
    ),
    LazyService(
        "analyze",
        "worker.cli.service:analyze_command",
        "Look at videos as they become ready, until stopped.",
        needs=("worker",),
    ),
    LazyService(
        "publish",
        "worker.cli.service:publish_command",
        "Write chosen thumbnails to their platforms, until stopped.",
    ),
    LazyCommand(
        "completion",
        "worker.cli.local.shell:completion_command",
        "Print what lets a shell complete the words of `thumbs`.",
    ),
    LazyCommand("help", "worker.cli.local.shell:help_command", "Show what a command does, and its options."),
)


@click.group(cls=Thumbs, commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    None, "-V", "--version", package_name="auto-thumbnail-picker", message="thumbs %(version)s"
)
def main() -> None:
    """Pick the best thumbnails for videos: for files, and for the videos that a platform announces."""
