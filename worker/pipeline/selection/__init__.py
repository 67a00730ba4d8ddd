"""Which candidates are scored, and which of those are picked."""
