"""The commands that work on this machine alone: `thumbs pick`, `rank`, `demo` and `simulate`."""
