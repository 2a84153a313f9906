"""What a model is asked and what it answers. Imports core.text, core.tokens and core.json_schema."""
