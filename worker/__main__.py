"""Run `thumbs` as `python -m worker`."""

from worker.cli.main import main

main(prog_name="thumbs")
