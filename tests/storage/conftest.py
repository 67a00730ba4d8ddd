"""A bucket for the tests of this room."""

from tests.support.platforms.shelf_fixtures import served, shelf

__all__ = ["served", "shelf"]
