"""The command `winnow`. May import everything, and imports each part when a command uses it."""
