"""How `zeta_router/tasks/task_model.bin` is made; not part of the package. See `docs/tasks.md`."""
