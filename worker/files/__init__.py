"""Files of this machine: private folders that are swept, and the kernel's own lock."""
