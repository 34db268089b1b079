"""The RQ side: the supervised workers, their jobs, and the sweeper that decides when a job is due."""
