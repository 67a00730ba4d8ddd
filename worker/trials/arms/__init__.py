"""Which pictures a test compares."""
