"""What a reader can see: CSS that hides, and characters that do not show. Imports core.dom."""
