"""The run directory: what is written where, and read back. Nothing here knows of live objects."""
