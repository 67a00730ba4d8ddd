"""After an older backup was restored: take what platforms show for ours, where an operator says so."""

from __future__ import annotations

import itertools
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from worker import publications
from worker.database import transaction
from worker.errors import ThumbsError, UnknownAccount
from worker.platforms import configured_accounts, platform_of
from worker.platforms.base import ForeignThumbnails, WriteBack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from worker.platforms.base import Platform
    from worker.publications import Adoptable
    from worker.settings import Settings

BATCH_ASSETS = 100  # in one transaction; a webhook about one of them waits so long


class AccountFindings(NamedTuple):
    """What was found at one account."""

    account: str  #: as in mux/main
    assets: list[Adoptable]
    error: ThumbsError | None = None  #: the rest of its list could not be read


def look_for_ours(
    engine: Engine,
    since: datetime,
    settings: Settings,
    on_progress: Callable[[int, int | None], None],
    platform: str | None = None,
) -> list[AccountFindings]:
    """Read the lists of all accounts to which we write, and find what may be ours; nothing is changed.

    Args:
        engine: the database.
        since: when the backup was made.
        settings: with the accounts.
        on_progress: called with how many assets were read; how many there are is not known.
        platform: only accounts of this one.

    Raises:
        UnknownAccount: there is no account.
    """
    names = [(kind, name) for kind, name in configured_accounts(settings) if platform in {None, kind}]
    if not names:
        raise UnknownAccount(f"no account{f' of {platform}' if platform else ''} is configured")
    count = itertools.count(1)
    findings = []
    for kind, name in names:
        with closing(platform_of(kind, name, settings)) as account:
            if not _shows_ours(account):
                continue
            found: list[Adoptable] = []
            error = None
            try:
                for shown in _shown(account, lambda: on_progress(next(count), None)):
                    with transaction(engine) as session:
                        found += publications.find_adoptable(session, kind, name, shown, since)
            except ThumbsError as exc:
                error = exc
            findings.append(AccountFindings(f"{kind}/{name}", found, error))
    return findings


def adopt_all(
    engine: Engine, found: Sequence[Adoptable], on_progress: Callable[[int, int | None], None]
) -> int:
    """Note that all of these are ours; return how many still were as they were found."""
    done = 0
    for start in range(0, len(found), BATCH_ASSETS):
        with transaction(engine) as session:
            # As they are ordered by their rows, no two processes wait for each other.
            done += sum(publications.adopt(session, one) for one in found[start : start + BATCH_ASSETS])
        on_progress(min(start + BATCH_ASSETS, len(found)), len(found))
    return done


def _shows_ours(account: Platform) -> bool:
    """Tell whether thumbnails are written to an account, and are ever taken for somebody else's."""
    told_apart = account.capabilities.foreign_thumbnails
    return account.write_back is not WriteBack.NONE and told_apart is not ForeignThumbnails.NEVER


def _shown(account: Platform, on_asset: Callable[[], None]) -> Iterator[dict[str, str]]:
    """Yield what is shown for the assets of each page of an account's list."""
    page = None
    while True:
        found = account.assets(page)
        shown = {}
        for asset in found.assets:
            on_asset()
            if asset.shown is not None:
                shown[asset.id] = asset.shown
        yield shown
        page = found.following
        if page is None:
            return
