"""Work in processes that can be killed. Imports core.tasks.base, environment and errors."""
