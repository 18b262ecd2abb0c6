"""Jobs at this site: submitting, admission, looking them up, reuse and prediction."""
