"""The command group `fateflow job`: submit, follow, inspect, stop and rerun jobs."""
