"""The dashboard in a browser: a small server on this machine alone, and for each page a process with the dashboard.

`serving.serve` is the way in; it needs the extra `web`. Everything a page loads comes from this machine.
"""
