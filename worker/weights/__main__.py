"""`python -m worker.weights`: the same as `thumbs models`."""

from worker.cli.local.models import models_group as main

if __name__ == "__main__":
    main(prog_name="python -m worker.weights")
