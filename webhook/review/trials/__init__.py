"""The pages of tests and of learned heads."""
