"""What a test can be expected to tell. A stand-in of branch `pages`: the whole comes with branch `trials`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.models import Asset
    from worker.settings import Settings


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is known before a test of how long it may take."""

    said: str
    objection: str | None = None


def prospect(_session: Session, _asset: Asset, _settings: Settings) -> Prospect:
    """Say how long a test may take."""
    return Prospect(
        "telling 20 % apart needs about 65,000 impressions; how often the video is seen is not known yet"
    )
