"""Tests of variants: which of an asset's pictures do viewers prefer? The only room that moves `trials`.

People call them tests; here they are trials, since `tests/` is something else. It stays light: no numpy.
"""

from worker.trials.carrying import carry_through_run, kept_before_choice, kept_id, kept_picture

__all__ = ["carry_through_run", "kept_before_choice", "kept_id", "kept_picture"]
