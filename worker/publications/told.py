"""What the customer's own systems are told of picks: the same words in a message and in an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import select
from sqlalchemy.orm import load_only

from worker.database.models import Thumbnail
from worker.storage.links import ThumbnailLinks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.database.models import Asset
    from worker.settings import Settings

# Pictures have hundreds of kilobytes, and nothing here shows one.
_LIGHT = (
    Thumbnail.generation,
    Thumbnail.rank,
    Thumbnail.aspect,
    Thumbnail.time_s,
    Thumbnail.score,
    Thumbnail.reasons,
    Thumbnail.width_px,
    Thumbnail.height_px,
    Thumbnail.sha256,
    Thumbnail.created_at,
)


@dataclass(frozen=True, slots=True)
class PickWords:
    """Describes the thumbnails of one asset for programs."""

    links: ThumbnailLinks
    is_private: bool | None  #: the asset, as `ThumbnailLinks.must_be_signed` takes it
    page: str | None  #: where people see and choose; None where nobody set REVIEW_URL

    @classmethod
    def of(cls, asset: Asset, settings: Settings) -> Self:
        """Make them for an asset, with addresses as the settings want them."""
        page = settings.page_of(asset.platform, asset.account, asset.external_id)
        return cls(ThumbnailLinks.of(settings), asset.is_private, page if settings.has_pages else None)

    def thumbnail(self, thumbnail: Thumbnail) -> dict[str, Any]:
        """Describe one thumbnail: its time in seconds, its score and why, its size, and its address.

        Raises:
            SettingsInvalid: the address must be signed, and the secret is missing.
        """
        return {
            "time_s": thumbnail.time_s,
            "score": thumbnail.score,
            "reasons": thumbnail.reasons,
            "aspect": thumbnail.aspect,
            "width_px": thumbnail.width_px,
            "height_px": thumbnail.height_px,
            "image_url": self.links.url(thumbnail.sha256, is_private=self.is_private),
        }

    def picks(self, picks: Sequence[Thumbnail]) -> list[dict[str, Any]]:
        """Describe picks, each with its rank. Raises as `thumbnail`."""
        return [{"rank": pick.rank, **self.thumbnail(pick)} for pick in picks]


def find_thumbnail(session: Session, thumbnail_id: int) -> Thumbnail:
    """Read a thumbnail that is stored, without its picture."""
    wanted = select(Thumbnail).where(Thumbnail.id == thumbnail_id)
    return session.scalars(wanted.options(load_only(*_LIGHT))).one()


def picks_of_run(session: Session, asset_id: int, generation: int) -> Sequence[Thumbnail]:
    """List the picks of one run in all ratios, the best first, without their pictures."""
    of_run = (Thumbnail.asset_id == asset_id, Thumbnail.generation == generation, Thumbnail.rank > 0)
    picks = select(Thumbnail).where(*of_run).order_by(Thumbnail.rank, Thumbnail.aspect)
    return session.scalars(picks.options(load_only(*_LIGHT))).all()
