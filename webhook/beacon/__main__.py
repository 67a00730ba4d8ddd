"""`python -m webhook.beacon` runs the beacon, as `thumbs beacon` does."""

import sys

from worker.errors import ConfigurationError
from worker.installation import extras
from worker.standalone.interrupts import end_when_asked

end_when_asked()  # before the imports that take time

try:
    with extras.explained():
        extras.require("python -m webhook.beacon", "webhook")
        from webhook.beacon.serving import run_beacon
        from worker.settings import get_settings
    run_beacon(get_settings())
except ConfigurationError as error:
    sys.stderr.write(f"thumbs: {error}\n")
    sys.exit(2)
