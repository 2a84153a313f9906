"""The frontier of one machine, in a SQLite file."""
