"""Which pictures a test compares. A stand-in of branch `pages`: the whole comes with branch `trials`."""
