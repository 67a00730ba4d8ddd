"""What code values mean: the tags of H.273, samples to RGB, and RGB of any kind to sRGB."""
