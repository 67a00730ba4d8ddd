"""What every HTTP client of ours shares: public addresses only, and when to try again."""
