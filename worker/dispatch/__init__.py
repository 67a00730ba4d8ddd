"""The loop between rows and Celery, and the worker processes that Celery runs."""
