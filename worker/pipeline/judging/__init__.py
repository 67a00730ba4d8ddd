"""What a vision-language model says of the best candidates, and how much that may change (docs/judge.md)."""
