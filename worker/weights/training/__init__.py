"""Train the bundled model `lite`; no worker loads this."""
