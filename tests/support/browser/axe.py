"""What axe finds on a page, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page


def violations(page: Page) -> list[str]:
    """List what axe objects to: the rule, what it asks for, and the elements."""
    return [_words(rule) for rule in Axe().run(page).response["violations"]]


def _words(rule: dict[str, Any]) -> str:
    elements = ", ".join(str(node["target"]) for node in rule["nodes"])
    return f"{rule['id']} ({rule['impact']}): {rule['help']}: {elements}"
