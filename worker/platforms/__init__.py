"""Video platforms: one file each."""
