"""What is said where a test cannot be."""

from __future__ import annotations

from worker.errors import PermanentError


class TrialRefused(PermanentError):
    """A test cannot start, or a variant cannot be shown; the message names the remedy."""
