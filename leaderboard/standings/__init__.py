"""The table of a task: who stands where, beside whom, and how sure that is."""
