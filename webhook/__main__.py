"""`python -m webhook` runs the receiver, with the settings of the environment."""

import sys

from worker.standalone.interrupts import end_when_asked

end_when_asked()  # before the imports that take time

from webhook.serving import run_receiver  # noqa: E402
from worker.errors import ConfigurationError  # noqa: E402
from worker.settings import get_settings  # noqa: E402

try:
    run_receiver(get_settings())
except ConfigurationError as error:
    sys.stderr.write(f"thumbs: {error}\n")
    sys.exit(2)
