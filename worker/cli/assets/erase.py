"""`thumbs erase`: remove everything of an asset."""

from __future__ import annotations

import click
from rich.text import Text

from worker.admin.assets import operator_name
from worker.admin.erase import erase_asset
from worker.admin.find import asset_name, find
from worker.cli.database import open_database
from worker.cli.output import print_answer
from worker.cli.parameters import confirm, json_option, why_option, yes_option
from worker.database import transaction
from worker.database.models import Asset
from worker.inbox.erasure import removed_words
from worker.local import terminal
from worker.text import printable

WHAT_STAYS = (
    "its id stays, so that a late webhook does not bring it back, and one line that says who erased it;"
    " copies stay at the platform, in caches of pictures, in logs and in backups: see docs/operate.md"
)


@click.command()
@click.argument("name", metavar="ASSET")
@why_option
@yes_option
@json_option
def erase_command(name: str, why: str, *, is_sure: bool, as_json: bool) -> None:
    """Remove all that is stored of an asset, for good.

    Pictures, history, choices and webhooks go, and work on it is stopped. The platform's own video and
    thumbnail are not touched.
    """
    with open_database() as engine:
        with transaction(engine) as session:
            asset = session.get_one(Asset, find(session, name, is_whole=True).asset_id)
        confirm(f"remove everything of {printable(asset_name(asset))}, for good?", is_sure=is_sure)
        with terminal.counting("inbox") as on_progress:
            erased = erase_asset(engine, asset.id, operator_name(), why, on_progress)
    sentences = [f"{printable(erased.asset)}: erased; removed: {removed_words(erased.removed)}", WHAT_STAYS]
    print_answer(erased._asdict(), [Text(line) for line in sentences], as_json=as_json)
