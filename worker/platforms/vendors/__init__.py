"""The platforms themselves: a file for each protocol, and none knows another."""
