"""Taste: learn from judged frames which one an editor would show, and measure what was learned.

`docs/judged-frames.md` says what a set of judged frames is, and how to make one.
"""
