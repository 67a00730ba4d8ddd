"""What is measured of a judged frame, video by video, and kept so that it is measured once."""
