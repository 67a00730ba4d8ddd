"""What a file holds and says about itself: streams, packets, time stamps. Runs in the decode process."""
