"""What the platforms have in common: JSON API client, signatures, pages, renditions."""
