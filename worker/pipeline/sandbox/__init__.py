"""The confined child process that opens untrusted files."""
