"""From an untrusted file to frames: probe, one scan, final stills."""
