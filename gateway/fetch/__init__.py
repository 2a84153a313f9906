"""The bytes of a page. `base` has the protocol that use cases see. Imports core.http, core.tasks, net and errors."""
