"""The application: everything between a webhook and a published thumbnail.

`pipeline` chooses frames (a path in, pictures out), `weights` holds the models, `cli` is the
command `thumbs`, `errors` says what can go wrong and whether trying again helps.
"""
