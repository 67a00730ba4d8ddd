"""Measures a judge on judged frames, and lets it order frames of one's own videos to learn from."""
