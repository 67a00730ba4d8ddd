"""Make one write to a platform, or tell the customer's own system."""
