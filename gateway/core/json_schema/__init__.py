"""JSON Schema 2020-12: checked, bounded and evaluated without recursion. Imports core.json_schema.pointer."""
