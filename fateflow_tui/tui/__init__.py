"""The dashboard: a terminal application that shows live what the scheduler does, and acts on it.

`store` keeps a snapshot of the site up to date; screens draw it and are notified of changes. What the user can do is
declared by `@action` on the methods of the screens; keys, footer, palette and help derive from that.
"""
