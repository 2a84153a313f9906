"""Text outside the DOM: noscript, JSON-LD, page state, templates. Imports core.dom, core.metadata, core.text."""
