"""What browsers are told of an asset's pictures: which one is shown, and the variants of its test.

It is the same for everybody, so that caches may hold it: who sees which variant is drawn in the browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import contains_eager, load_only

from worker.database.choices import Choice
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.states import PublicationState, TrialKind
from worker.database.trials import Trial, Variant
from worker.storage.links import ThumbnailLinks
from worker.trials.assignment import BUCKETS, bucket_of
from worker.trials.running import is_live

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from worker.settings import Settings

_OF_VARIANTS = (
    Variant.number,
    Variant.thumbnail_id,
    Variant.sha256,
    Variant.bucket_from,
    Variant.bucket_to,
)


class Name(NamedTuple):
    """What an asset is called, as in `mux/main/a1`."""

    platform: str
    account: str
    external_id: str


class ManifestPicture(NamedTuple):
    """A picture, without its bytes."""

    sha256: str
    time_s: float  #: media time
    width_px: int
    height_px: int


class Manifest(NamedTuple):
    """What may be told to everybody of an asset."""

    name: Name
    default: ManifestPicture  #: what is shown now because of us
    test: Trial | None  #: with its variants

    def as_json(self, settings: Settings) -> dict[str, Any]:
        """Write it for browsers, with the addresses of its pictures."""
        default = self.default
        return {
            "asset": "/".join(self.name),
            "default": {
                "url": _url(settings, default.sha256),
                "time_s": default.time_s,
                "width": default.width_px,
                "height": default.height_px,
            },
            "test": self.test and _test_as_json(self.test, settings),
        }

    def url_for(self, viewer: str, settings: Settings) -> str:
        """Find the address of the picture that a viewer sees; the default's for an empty word."""
        sha256 = self.default.sha256
        if self.test and viewer:
            bucket = bucket_of(self.test.salt, viewer)
            (sha256,) = (
                one.sha256 for one in self.test.variants if one.bucket_from <= bucket < one.bucket_to
            )
        return _url(settings, sha256)


def read_manifests(session: Session, names: Collection[Name], settings: Settings) -> Iterator[Manifest]:
    """Read those of assets, in five statements however many they are.

    Left out are assets that are unknown, deleted or private, those whose pictures open at signed addresses
    only, and those that show no picture of ours.
    """
    assets = [asset for asset in session.scalars(assets_of(names)) if _is_open(asset, settings)]
    ids = [asset.id for asset in assets]
    if not ids:
        return
    published: dict[int, int] = dict(session.execute(newest_writes(ids)).all())
    chosen: dict[int, int | None] = dict(session.execute(open_choices(ids)).all())
    of_asset = {
        asset.id: chosen.get(asset.id) or (None if asset.foreign_thumbnail else published.get(asset.id))
        for asset in assets
    }
    shown = {
        row.id: ManifestPicture(*row[1:])
        for row in session.execute(pictures([*filter(None, of_asset.values())]))
    }
    tests = {trial.asset_id: trial for trial in session.scalars(live_tests(ids)).unique()}
    for asset in assets:
        default, test = shown.get(of_asset[asset.id] or 0), tests.get(asset.id)
        if default is not None:
            name = Name(asset.platform, asset.account, asset.external_id)
            yield Manifest(name, default, test if test and _can_be_shown(test) else None)


def assets_of(names: Collection[Name]) -> Select[Asset]:
    """Select assets by their names, unless they are deleted."""
    name = tuple_(Asset.platform, Asset.account, Asset.external_id)
    wanted = select(Asset).where(name.in_([tuple(one) for one in names]), Asset.deleted_at.is_(None))
    columns = (Asset.platform, Asset.account, Asset.external_id, Asset.is_private, Asset.foreign_thumbnail)
    return wanted.options(load_only(*columns, raiseload=True))


def open_choices(asset_ids: list[int]) -> Select[int, int | None]:
    """Select what people chose, by asset; None where the picture is still to be cut."""
    is_open = (Choice.released_at.is_(None), Choice.lost_at.is_(None))
    return select(Choice.asset_id, Choice.thumbnail_id).where(Choice.asset_id.in_(asset_ids), *is_open)


def newest_writes(asset_ids: list[int]) -> Select[int, int]:
    """Select the thumbnail of each asset's newest write that arrived.

    DISTINCT ON and no LIMIT: for that, PostgreSQL might go through all writes of all assets by their ids.
    """
    arrived = (Publication.confirmed_at.is_not(None), Publication.state != PublicationState.YIELDED)
    return (
        select(Publication.asset_id, Publication.thumbnail_id)
        .where(Publication.asset_id.in_(asset_ids), *arrived)
        .ext(distinct_on(Publication.asset_id))
        .order_by(Publication.asset_id, Publication.id.desc())
    )


def pictures(thumbnail_ids: list[int]) -> Select[int, str, float, int, int]:
    """Select what a manifest says of pictures."""
    columns = (Thumbnail.sha256, Thumbnail.time_s, Thumbnail.width_px, Thumbnail.height_px)
    return select(Thumbnail.id, *columns).where(Thumbnail.id.in_(thumbnail_ids))


def live_tests(asset_ids: list[int]) -> Select[Trial]:
    """Select the tests whose variants viewers see now, with the variants."""
    return (
        select(Trial)
        .join(Asset, Asset.id == Trial.asset_id)
        .join(Trial.variants)
        .where(
            Trial.asset_id.in_(asset_ids), Asset.id.in_(asset_ids), Trial.kind == TrialKind.VIEWERS, is_live()
        )
        .options(contains_eager(Trial.variants).load_only(*_OF_VARIANTS))  # vectors and cues are large
    )


def _is_open(asset: Asset, settings: Settings) -> bool:
    """Tell whether everybody may see an asset's pictures; of one that was not asked about, nobody knows."""
    must_be_signed = ThumbnailLinks.of(settings).must_be_signed(is_private=asset.is_private)
    return asset.is_private is False and not must_be_signed


def _can_be_shown(test: Trial) -> bool:
    """Tell whether all pictures are there: with one missing, those who drew it would see none."""
    return all(variant.thumbnail_id is not None for variant in test.variants)


def _test_as_json(test: Trial, settings: Settings) -> dict[str, Any]:
    return {
        "id": test.id,
        "salt": test.salt,
        "buckets": BUCKETS,
        "variants": [
            {
                "number": variant.number,
                "from": variant.bucket_from,
                "to": variant.bucket_to,
                "url": _url(settings, variant.sha256),
            }
            for variant in sorted(test.variants, key=lambda variant: variant.number)
        ],
        "beacon": f"{settings.beacon_url}/v1/seen",
        "ends_at": test.ends_at.isoformat(),
    }


def _url(settings: Settings, sha256: str) -> str:
    # Not private: of such assets there is no manifest.
    return ThumbnailLinks.of(settings).url(sha256, is_private=False)
