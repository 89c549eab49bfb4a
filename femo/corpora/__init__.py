"""Many inputs: what is to be read, who reads it, and the data set that comes of it."""
