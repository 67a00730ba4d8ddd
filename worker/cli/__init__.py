"""The command `thumbs`: translate between words on the command line and the application."""
