"""Where a decoder can start, and whether what it shows from there is what it shows from the beginning."""
