"""The dashboard: a terminal application that shows what the scheduler does, live, and acts on it.

`feed` owns the connection and the `snapshot`; screens read from it and are told what changed. `actions` is the one
table that keys, footer, palette, help and confirmations are derived from.
"""
