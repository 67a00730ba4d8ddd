"""Flags pictures that a page for everybody must not show, so that others are picked."""
