"""Taste: learn from judged frames which one an editor would show, and measure what was learned.

`docs/judged-frames.md` says what a set of judged frames is, and how to make one.
"""

from worker.weights import FOLDER

WORK = FOLDER.parent / "training"  #: keeps what was looked at and said, so that a further run goes on
