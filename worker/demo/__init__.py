"""The whole loop on one machine, against simulated platforms."""
