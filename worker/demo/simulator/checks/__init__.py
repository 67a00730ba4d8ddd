"""What the simulated platforms check as strictly as the vendors do: tokens, addresses, pictures, budgets."""
