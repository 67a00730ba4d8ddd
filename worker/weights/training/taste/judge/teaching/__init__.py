"""Lets a judge put frames of one's own videos in order, so that a head can learn from it."""
