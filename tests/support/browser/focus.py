"""Where Tab leads on a page, and whether one sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Page

STOPS = 400  #: more than any page has

# The ring may be an outline or a shadow of the element, or an outline of what stands around it.
_STOP = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const outlined = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const looks = ["", "::before", "::after"].map(part => getComputedStyle(element, part || undefined));
  let ringed = looks.some(style => outlined(style) || style.boxShadow !== "none");
  for (let around = element.parentElement, up = 0; around && up < 4; around = around.parentElement, up++)
    ringed = ringed || outlined(getComputedStyle(around));
  const box = element.getBoundingClientRect();
  const label = element.labels && element.labels.length ? element.labels[0].textContent : "";
  const name = element.getAttribute("aria-label") || label || element.textContent || element.value || "";
  const seen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const first = !element.hasAttribute("data-tested-stop");
  element.setAttribute("data-tested-stop", "");
  const tag = element.tagName.toLowerCase();
  return [tag, name.trim().replace(/\\s+/g, " "), ringed, seen && box.width > 1, first];
}"""


class Stop(NamedTuple):
    """An element that Tab leads to."""

    tag: str
    name: str  #: what it is called by, nearly as a screen reader says it
    has_ring: bool  #: whether it looks other than without the focus
    is_in_view: bool


def stops(page: Page) -> list[Stop]:
    """Press Tab from the top of the page until it ends or begins again."""
    page.evaluate("document.activeElement && document.activeElement.blur()")
    found: list[Stop] = []
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None or not stop.pop():
            return found
        found.append(Stop(*stop))
    raise AssertionError(f"Tab finds no end after {STOPS} stops")
