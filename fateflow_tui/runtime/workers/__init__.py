"""Worker processes: started, watched, and their outcomes."""
