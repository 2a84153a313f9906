"""What a reader can see: CSS that hides, characters that do not show. Imports core.dom."""
