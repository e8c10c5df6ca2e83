"""The contenders of a benchmark, each in a process of its own that waits on a pipe."""
