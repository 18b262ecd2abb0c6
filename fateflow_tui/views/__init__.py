"""Views of jobs, models and metrics as styled lines, for the command line and the dashboard alike. Pure."""
