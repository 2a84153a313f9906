"""Which blocks are the content: features, a small network, the choice. Imports core.dom and core.text."""
