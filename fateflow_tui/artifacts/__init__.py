"""What tasks leave on a party's disk: tables, models, metrics, logs. Read and written by workers and by the site."""
