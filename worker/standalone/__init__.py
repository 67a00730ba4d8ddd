"""Everything on one machine: servers from wheels, and the programs as one service."""
