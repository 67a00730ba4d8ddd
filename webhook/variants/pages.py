"""The pages of variants; to be replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

if TYPE_CHECKING:
    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings


def variant_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes that viewers' browsers ask for variants."""
    del settings, database
    return Blueprint("variants", __name__)
