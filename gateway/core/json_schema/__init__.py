"""JSON Schema 2020-12: checked, bounded and evaluated without recursion; JSON Pointer. Imports errors only."""
