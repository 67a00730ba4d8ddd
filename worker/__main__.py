"""`python -m worker` is `thumbs`."""

from worker.cli.main import main

main(prog_name="thumbs")
