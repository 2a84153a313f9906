"""Tools for agents (Model Context Protocol). Imports use cases, wire and, where it is used, the library `mcp`."""
