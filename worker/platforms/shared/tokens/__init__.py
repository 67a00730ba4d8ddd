"""Access tokens that run out: how they are got, and got again."""
