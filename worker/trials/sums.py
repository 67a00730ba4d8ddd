"""What viewers did, added up."""

from __future__ import annotations

from typing import NamedTuple


class Sums(NamedTuple):
    """What the viewers of a bucket, or of a variant, did. Nothing here tells of one viewer."""

    impressions: int = 0  #: half of the picture was visible for 1 s
    plays: int = 0
    quality_plays: int = 0  #: watched for 10 s, or a quarter of a shorter video
    watch_s: float = 0.0
    watch_s2: float = 0.0  #: of the squares

    def plus(self, other: Sums) -> Sums:
        """Add up two of them."""
        return Sums(
            self.impressions + other.impressions,
            self.plays + other.plays,
            self.quality_plays + other.quality_plays,
            self.watch_s + other.watch_s,
            self.watch_s2 + other.watch_s2,
        )
