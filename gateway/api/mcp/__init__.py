"""The gateway's work as tools for agents (Model Context Protocol)."""
