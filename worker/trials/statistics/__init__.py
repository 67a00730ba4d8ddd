"""What numbers of viewers prove, and what they do not. Pure: nothing here knows rows or settings."""
