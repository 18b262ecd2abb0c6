"""Model versions over all parties of a job."""
