"""Talks to storage that speaks S3: signs requests, reads its answers and its notifications."""
