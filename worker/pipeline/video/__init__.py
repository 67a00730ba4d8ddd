"""From a video to frames worth scoring: one scan, final stills."""
