"""Show a decoded frame as a player does: the right way up, in true colours. Runs in the decode process."""
