"""What the pages show of tests and of learned heads, and do with them."""
