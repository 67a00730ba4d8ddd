"""A judge and judged frames: what it is worth on them, and what a head can learn from its orders."""
