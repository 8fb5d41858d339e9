"""What Alembic runs to bring a database forward; `carecord.db.migrate` hands it the connection."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
