"""Small files of every kind that people bring, made from one stamped film, and what is right for each."""

from __future__ import annotations

from tests.support.media.odd_files import (
    bars,
    codecs,
    colours,
    linear,
    orientations,
    shapes,
    streams,
    times,
)

KINDS = (
    *orientations.KINDS,
    *colours.KINDS,
    *streams.KINDS,
    *times.KINDS,
    *linear.KINDS,
    *shapes.KINDS,
    *bars.KINDS,
    *codecs.KINDS,
)
"""All of them."""
