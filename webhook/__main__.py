"""`python -m webhook` runs the receiver, with the settings of the environment."""

import sys

from webhook.serving import run_receiver
from worker.errors import ConfigurationError
from worker.settings import get_settings

try:
    run_receiver(get_settings())
except ConfigurationError as error:
    sys.stderr.write(f"thumbs: {error}\n")
    sys.exit(2)
