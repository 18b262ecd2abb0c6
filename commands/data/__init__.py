"""Commands of `fateflow data` and `fateflow table`."""
