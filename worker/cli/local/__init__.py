"""The commands that work on files of this machine: `thumbs pick`, `thumbs rank` and `thumbs demo`."""
