"""Cut a still to an aspect ratio around what matters."""
