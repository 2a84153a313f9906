"""Work in processes that can be killed. Imports core.tasks, environment and errors."""
