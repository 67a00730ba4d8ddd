"""The server of a judge: what it answers, what it refuses, and when it is left alone."""
