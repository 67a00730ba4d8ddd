"""The tables, the connection to PostgreSQL, and one transaction as a `with` block."""

from worker.database.base import NOW, STATEMENT_BEGAN
from worker.database.engine import get_engine, make_engine, transaction, url_of

__all__ = ["NOW", "STATEMENT_BEGAN", "get_engine", "make_engine", "transaction", "url_of"]
