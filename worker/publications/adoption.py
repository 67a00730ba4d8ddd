"""Takes what a platform shows for ours, because an operator says that it is: after a backup was restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_, select

from worker.database.identity import restored_at
from worker.database.models import Asset
from worker.publications.ownership import is_behind, is_same
from worker.publications.requests import ask_again

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session


class Adoptable(NamedTuple):
    """An asset for which its platform shows what we do not know to be ours."""

    asset_id: int
    external_id: str
    shown: str  #: at the platform
    written: str | None  #: what we last wrote, as far as we know
    is_yielded: bool  #: a write of ours was not made because of it
    is_dated: bool  #: it was first seen after the backup was made; if not, nobody knows when it was set


def find_adoptable(
    session: Session, platform: str, account: str, shown: Mapping[str, str], since: datetime
) -> list[Adoptable]:
    """Find the assets whose thumbnail may have been ours before the backup was restored.

    These are the ones whose thumbnail was found to be somebody else's since then, and, without a date, those
    for which we have written once and another one is shown than we know of: a person may have set it before
    the backup, too, and nobody has looked since. What was known to be somebody else's before is none of
    them, nor is what replaced a write that we made after the restore.

    Args:
        session: any.
        platform: whose assets.
        account: the same.
        shown: what the platform shows, by its ids of the assets.
        since: when the backup was made.
    """
    is_unseen = Asset.foreign_thumbnail.is_(None) & Asset.written.is_not(None)
    named = (Asset.platform == platform, Asset.account == account, Asset.external_id.in_(list(shown)))
    may_be_ours = (*named, Asset.deleted_at.is_(None), or_(Asset.foreign_at >= since, is_unseen))
    rows = session.scalars(select(Asset).where(*may_be_ours).order_by(Asset.id)).all()
    restored = restored_at(session)
    found = []
    for row in rows:
        there, is_yielded = shown[row.external_id], row.foreign_thumbnail is not None
        is_known = not is_yielded and restored is not None and not is_behind(session, row, restored)
        if not is_same(there, row.written) and not is_known:
            found.append(Adoptable(row.id, row.external_id, there, row.written, is_yielded, is_yielded))
    return found


def adopt(session: Session, found: Adoptable) -> bool:
    """Note that what is shown is ours; a write that was not made because of it is looked at again.

    Returns:
        False where the asset has changed since it was found, and was left as it is.
    """
    asset = session.get_one(Asset, found.asset_id, with_for_update=True, populate_existing=True)
    is_same = asset.written == found.written and (asset.foreign_thumbnail is not None) == found.is_yielded
    if asset.deleted_at or not is_same:
        return False
    asset.written = found.shown
    asset.foreign_thumbnail = asset.foreign_at = None
    if found.is_yielded:
        ask_again(session, asset)
    return True
