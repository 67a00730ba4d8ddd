"""The command `thumbs`: translate between words on the command line and the application.

Exit codes of every command: 0, done; 1, it failed, was refused, or nothing matched; 2, wrong use or
configuration; 130, interrupted.
"""

INTERRUPTED = 130  #: exit code of a program that Ctrl-C ended: 128 + SIGINT
