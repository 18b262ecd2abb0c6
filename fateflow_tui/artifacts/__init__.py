"""What tasks store on a party's disk: tables, models, metrics, logs. Used by workers and by the site."""
