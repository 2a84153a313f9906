"""Pages over HTTP: one guarded, bounded client. Imports core.http, net and errors."""
