"""From a video file to its best thumbnails. Pure: a path in, pictures out; no network, no database."""
