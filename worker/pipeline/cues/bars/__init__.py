"""Bars: what surrounds the picture for a long stretch of a file, flat, still or a blurred enlargement of it."""
