"""Walking the tree of a page: blocks, landmarks, nesting and a caller's selectors. Imports core.model and errors."""
