"""`workqueue dlq`: looking at dead letters, putting them back, and throwing them away."""
