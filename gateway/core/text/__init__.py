"""Text as data, in any language: words, numbers, dates, amounts. Imports the standard library only."""
