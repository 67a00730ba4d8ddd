"""`python -m worker.learning`: learn from tests and from people's choices."""

import sys

from worker.errors import ConfigurationError
from worker.installation import extras

NAME = "python -m worker.learning"

with extras.exit_where_missing(NAME):
    from worker.cli.learning.heads import learning_group as main

if __name__ == "__main__":
    try:
        main(prog_name=NAME)
    except ConfigurationError as error:
        sys.stderr.write(f"{NAME}: {error}\n")
        sys.exit(2)
