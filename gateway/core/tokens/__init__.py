"""Tokens: counted exactly, and content cut to a number of them. Imports core.model and errors."""
