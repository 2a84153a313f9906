"""Jina Reader's dialect: headers in, its text, JSON or stream out."""
