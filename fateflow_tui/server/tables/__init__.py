"""Work on table rows, done in processes of its own so that the scheduler need not load Polars."""
