"""Worker processes: starting, watching and killing them, and their outcomes."""
