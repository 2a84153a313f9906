"""Tokens: counted exactly, and content cut to a budget of them. Imports core.model."""
