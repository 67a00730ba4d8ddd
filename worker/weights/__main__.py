"""`python -m worker.weights`: the same as `thumbs models`."""

from worker.cli.local.models import models_group as main
from worker.installation import extras

if __name__ == "__main__":
    with extras.exit_where_missing("python -m worker.weights"):
        main(prog_name="python -m worker.weights")
