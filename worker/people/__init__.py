"""People: who may use the pages, how they come in, what they did. No other room writes their tables."""
