"""What tests of one account have in common: what is wanted of them, and how often its videos are seen."""
