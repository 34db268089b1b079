"""The RQ side: the pool of workers, their jobs, and the sweeper that decides when a job is due."""
