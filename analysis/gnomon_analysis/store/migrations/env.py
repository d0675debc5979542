"""Alembic's door: runs revisions on the connection and in the transaction that it is handed."""

from alembic import context

from gnomon_analysis.store import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
