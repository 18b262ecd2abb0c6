"""Persistence: TinyDB files that survive `kill -9` and power loss, and their twins in memory.

home/db/jobs/<yyyymmdd>/<job_id>.json   one file per job                        store.jobs
home/db/<name>.json                     small site-wide collections             store.collections
home/db/locks/                          who writes just now                     store.locks
home/audit/<yyyymmdd>.jsonl             who did what, append only               store.audit

Every db file always has either the old or the new state, and stock `TinyDB(path)` opens it. Fields that
begin with an underscore (`_key`, `_version`) and the table `meta` are the store's own. JSON has no NaN and no
infinity: such a float is kept as null.
"""
