"""Types of document: which one a body is, and each as HTML. Imports errors only."""
