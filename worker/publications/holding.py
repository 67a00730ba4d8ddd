"""What is not written although it was picked: pictures that are flagged as unsafe wait for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.database.states import PublicationState
from worker.text import UNSAFE

if TYPE_CHECKING:
    from worker.database.choices import Choice
    from worker.database.models import Asset, Publication, Thumbnail

FLAGGED = "Flagged"  #: in `error_class` of a write that is held

WAITS = "flagged as unsafe, so it waits for a person: choose a picture, or set PUBLISH_FLAGGED and look again"


def has_to_wait(asset: Asset, thumbnail: Thumbnail, choice: Choice | None) -> bool:
    """Tell whether a picture may not be written without a person: who chose one has seen it.

    What a person chose once stays theirs: it has no rank.
    """
    return asset.is_held and choice is None and thumbnail.rank > 0 and UNSAFE in thumbnail.reasons


def is_held(publication: Publication) -> bool:
    """Tell whether a write was called off since its picture is flagged."""
    return publication.state == PublicationState.SUPERSEDED and publication.error_class == FLAGGED
