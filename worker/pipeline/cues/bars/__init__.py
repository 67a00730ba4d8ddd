"""Bars: what surrounds the picture for long stretches, flat, still, or a blurred enlargement of it."""
