"""Other sites: calls to and from them, keys, routes and grants."""
