"""Why no test can be started. A stand-in of branch `pages`: the whole comes with branch `trials`."""

from __future__ import annotations

from worker.errors import PermanentError


class TrialRefused(PermanentError):
    """A test cannot be started; the message says what helps."""
