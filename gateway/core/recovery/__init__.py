"""Text outside the DOM: noscript, structured data, page state and templates. Imports core.dom and core.metadata."""
