"""The pipeline on files of this machine, and how its results are shown."""
