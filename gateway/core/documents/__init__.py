"""Kinds of documents: what a body is, and every kind of it as HTML. Imports core.text."""
