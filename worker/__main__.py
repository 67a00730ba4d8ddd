"""Run `thumbs` as `python -m worker`."""

from worker.installation import extras

with extras.exit_where_missing("thumbs"):
    from worker.cli.main import main

main(prog_name="thumbs")
