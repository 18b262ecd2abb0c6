"""Lane drawings: one row per node, connected by lanes as in `git log --graph`."""
