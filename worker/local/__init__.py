"""Run the pipeline on files of this machine: progress on the terminal, pictures and a report in folders."""
