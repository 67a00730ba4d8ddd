"""Makes words that a stranger's program said fit for people's eyes, and for a database."""

from __future__ import annotations

import re

# Longer than any word: a part of a picture, or of a key, that somebody repeats to us.
_ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{48,}")


def tidy(words: str, longest: int) -> str:
    """Put words on one line, without what cannot be printed, and cut them.

    Args:
        words: whatever somebody sent.
        longest: so many characters of them are kept.
    """
    # PostgreSQL refuses NUL, and UTF-8 lone surrogates; both count as not printable.
    line = "".join(sign if sign.isprintable() else " " for sign in words[: 20 * longest])
    line = " ".join(_ENCODED.sub("...", line).split())
    return line if len(line) <= longest else f"{line[: longest - 3].rstrip()}..."
