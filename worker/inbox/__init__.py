"""One transaction for each delivery, and the search for what no webhook told of."""
