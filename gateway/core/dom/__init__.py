"""Walking the tree of a page: its blocks, landmarks, nesting and a caller's selectors. Imports core.model."""
