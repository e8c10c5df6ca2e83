"""The command lines: what they read, refuse and print. The work itself is done elsewhere."""
