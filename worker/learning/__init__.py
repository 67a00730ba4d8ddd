"""Learn from tests and from people's choices what an account's viewers like: `python -m worker.learning`.

`heads` has the rows, and stays light; everything else reads vectors.
"""
