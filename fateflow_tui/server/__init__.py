"""The HTTP API of a site: the routes of FATE-Flow 1.x, those of our own front ends, and the event stream."""
