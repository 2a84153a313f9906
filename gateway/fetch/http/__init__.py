"""Pages over HTTP: a client with an address guard and bounds. Imports core.http, core.tasks, net and errors."""
