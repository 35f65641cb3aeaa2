"""Runs the steps on the connection it is handed. Imports nothing of ours: a step must mean the same for ever."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
