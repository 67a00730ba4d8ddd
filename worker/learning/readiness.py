"""How much there is to learn from, against what is needed; light, since pages and `thumbs doctor` ask it."""

from __future__ import annotations

ENOUGH_VIDEOS = 400
ENOUGH_CHOICES = 670
