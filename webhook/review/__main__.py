"""`python -m webhook.review` runs the pages, as `thumbs review` does."""

import sys

from worker.errors import ConfigurationError
from worker.installation import extras
from worker.standalone.interrupts import end_when_asked

end_when_asked()  # before the imports that take time

try:
    with extras.explained():
        extras.require("python -m webhook.review", "webhook")
        from webhook.review.serving import run_pages
        from worker.settings import get_settings
    run_pages(get_settings())
except ConfigurationError as error:
    sys.stderr.write(f"thumbs: {error}\n")
    sys.exit(2)
