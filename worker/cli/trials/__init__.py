"""`thumbs test`: start, stop and look at tests of pictures."""
