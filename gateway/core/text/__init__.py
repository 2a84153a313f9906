"""Text in any language: words, numbers, dates. Imports the standard library only."""
