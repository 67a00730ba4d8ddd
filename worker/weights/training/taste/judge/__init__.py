"""A judge and judged frames: what it is worth, measured on them, and what a head can learn from its orders."""
