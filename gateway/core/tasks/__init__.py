"""Work that a stranger's input can make slow, as values: a task in, its result out. Imports the rest of core.

`gateway.workers.pool` runs every task in a process that can be killed; `gateway.core.tasks.work` is what that process
calls with the bytes of a task. The service imports tasks to ask for them, and never runs one: so what is large, the
classifier and whatever reads documents and dates, is imported within `run`.
"""
