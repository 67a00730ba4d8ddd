"""`python -m worker` is `thumbs`."""

from worker.cli import main

main(prog_name="thumbs")
