"""Judges of files on this machine, where there is no database."""
