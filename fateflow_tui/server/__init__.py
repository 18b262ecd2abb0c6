"""The HTTP door of a site: FATE-Flow's 1.x routes, the routes of our own front ends, and the event stream."""
