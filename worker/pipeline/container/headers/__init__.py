"""What the header of a container says of a track and FFmpeg does not pass on; read by hand, within bounds."""
