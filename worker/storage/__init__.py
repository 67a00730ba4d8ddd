"""Where pictures are kept: in rows, or in a bucket; and the addresses at which they are shown."""
