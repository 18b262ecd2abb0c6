"""Work on table rows in separate processes, so that the scheduler does not load Polars."""
