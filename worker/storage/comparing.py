"""Compares the bucket with the rows that show its objects.

Both are read in the order of keys, some at a time, so any number of them takes the same memory. Programs go
on meanwhile: the rows of a window are read before the bucket lists it, so what a row shows was there by then;
and what does not fit together is looked up once more.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import load_only

from worker.database import transaction
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.storage import removals
from worker.storage.keys import hash_of, is_ours, read_bundle_key, thumbnail_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.platforms.shared.buckets.answers import ListedObject
    from worker.storage.bucket import PictureBucket

WINDOW_KEYS = 5_000  # that rows show, read by one statement

# In the order of the bucket's list; there is an index of the first frame of each bundle.
_bundle, _is_first = StoredCandidate.bundle.collate("C"), StoredCandidate.bundle_offset == 0


class Missing(NamedTuple):
    """An object that a row shows, and that is not there."""

    key: str
    asset: Asset | None  #: whose row; None: only its frames are left
    is_needed: bool  #: False: a newer run's pictures took its place, or the video was deleted


class ComparedPart(NamedTuple):
    """What is there and what is not, from the key where the part before ends."""

    end: str | None  #: the last key that was compared; None: there are no more
    objects: Sequence[ListedObject]  #: all that are there
    orphans: Sequence[ListedObject]  #: of these, those that no row shows and no note tells of
    strange: int  #: how many are not called as what we put there
    missing: Sequence[Missing]


class _Window(NamedTuple):
    keys: list[str]  #: that rows show, in order
    end: str | None  #: up to which key that is all; None: there are no more


def compare(engine: Engine, bucket: PictureBucket, after: str = "") -> Iterator[ComparedPart]:
    """Compare all, part by part.

    Args:
        engine: the database.
        bucket: where the objects are.
        after: the key of an object of ours to go on after; empty: from the first one on.

    Raises:
        BucketUnavailable: it fails, or may not be listed.
    """
    for window in _windows(engine, after):
        keys = window.keys
        for objects, end in _listed(bucket, after, window.end):
            count = len(keys) if end is None else bisect_right(keys, end)
            with transaction(engine) as session:
                part = _part(session, end, objects, keys[:count])
            yield part
            keys = keys[count:]
        after = window.end or ""


def _windows(engine: Engine, after: str) -> Iterator[_Window]:
    """Read the keys that rows show: bundles come first, then thumbnails."""
    bundle = after
    while bundles := _bundles_after(engine, bundle):
        bundle = bundles[-1]
        yield _Window(bundles, bundle)
    last = hash_of(after) or ""
    while hashes := _hashes_after(engine, last):
        last = max(hashes)
        yield _Window([thumbnail_key(one) for one in sorted(hashes) if hashes[one]], thumbnail_key(last))
    yield _Window([], None)


def _bundles_after(engine: Engine, after: str) -> list[str]:
    some = select(_bundle).where(_is_first, _bundle > after).distinct()
    with transaction(engine) as session:
        found = session.scalars(some.order_by(_bundle).limit(WINDOW_KEYS))
        return [one for one in found if one is not None]


def _hashes_after(engine: Engine, after: str) -> dict[str, bool]:
    """Read hashes of thumbnails, and whether they are in the bucket: also of others, so that none takes long.

    Their digits are in one order in every language, so the index can be used as it is.
    """
    sha256, is_there = Thumbnail.sha256, func.bool_or(Thumbnail.jpeg.is_(None)).label("is_there")
    some = select(sha256, is_there).where(sha256 > after).group_by(sha256)
    with transaction(engine) as session:
        found = session.execute(some.order_by(sha256).limit(WINDOW_KEYS))
        return {row.sha256: row.is_there for row in found}


def _listed(
    bucket: PictureBucket, after: str, end: str | None
) -> Iterator[tuple[Sequence[ListedObject], str | None]]:
    """List what lies between two keys, in parts, each with the key where it ends."""
    for page in bucket.list(after=after):
        inside = [one for one in page if end is None or one.key <= end]
        if len(inside) < len(page):
            yield inside, end
            return
        yield page, page[-1].key
    yield [], end


def _part(
    session: Session, end: str | None, objects: Sequence[ListedObject], keys: list[str]
) -> ComparedPart:
    there = {one.key for one in objects}
    ours = {key for key in there.difference(keys) if is_ours(key)}
    # In this order: who stores rows takes their notes back in the same transaction.
    ours -= removals.noted(session, ours)
    ours -= removals.shown(session, ours)
    return ComparedPart(
        end,
        objects,
        [one for one in objects if one.key in ours],
        sum(not is_ours(key) for key in there),
        _missing(session, [key for key in keys if key not in there]),
    )


def _missing(session: Session, keys: Sequence[str]) -> list[Missing]:
    """Find those of these objects that rows still show, and of which assets these are."""
    bundles = {key: name.asset_id for key in keys if (name := read_bundle_key(key)) is not None}
    # They lie side by side in the index, which a list of thousands would not be looked up in.
    between = (_bundle >= min(bundles, default=""), _bundle <= max(bundles, default=""))
    still = session.scalars(select(_bundle).where(_is_first, *between).distinct().order_by(_bundle))
    found = [(key, bundles[key], True) for key in still if key in bundles]
    hashes = [sha256 for key in keys if (sha256 := hash_of(key)) is not None]
    if hashes:
        is_newest = func.bool_or(Thumbnail.outdated_at.is_(None))
        in_order = (Thumbnail.sha256, Thumbnail.asset_id)
        of_assets = select(*in_order, is_newest).group_by(*in_order).order_by(*in_order)
        rows = session.execute(of_assets.where(Thumbnail.sha256.in_(hashes), Thumbnail.jpeg.is_(None)))
        found += [(thumbnail_key(sha256), asset_id, newest) for sha256, asset_id, newest in rows]
    named = load_only(Asset.platform, Asset.account, Asset.external_id, Asset.deleted_at)
    of_these = select(Asset).options(named).where(Asset.id.in_({asset_id for _, asset_id, _ in found}))
    assets = {asset.id: asset for asset in session.scalars(of_these)} if found else {}
    return [_missing_of(assets.get(asset_id), key, is_newest=newest) for key, asset_id, newest in found]


def _missing_of(asset: Asset | None, key: str, *, is_newest: bool) -> Missing:
    return Missing(key, asset, is_newest and asset is not None and asset.deleted_at is None)
