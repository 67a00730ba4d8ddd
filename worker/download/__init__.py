"""Bring a rendition to this machine, checked at every hop."""
