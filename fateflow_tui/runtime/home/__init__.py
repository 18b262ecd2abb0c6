"""The site's home directory: its lock, its health, and what can be deleted from it."""
