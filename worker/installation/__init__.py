"""What is installed here, and how more is added to it."""
