"""Do what operators ask of the running service: list, show, requeue, choose, take in a library."""
