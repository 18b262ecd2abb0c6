"""The dashboard in a browser: a small server on loopback, and a dashboard process for each page.

The entry point is `server.serve`; it needs the extra `web`. Pages load nothing from other hosts.
"""
