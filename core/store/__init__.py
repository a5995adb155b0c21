"""The workspace: one DuckDB file, its tables, and the only code that runs SQL."""

from core.store.adopt import adopt
from core.store.cells import defuse
from core.store.contacts import contact_columns, contacts_query
from core.store.filled import filled_query, fills_users
from core.store.flat import flat
from core.store.patterns import pattern_problem
from core.store.query import Query, ident, joined, literal
from core.store.rewrite import rewrite_workspace
from core.store.rows_csv import write_records, write_rows
from core.store.scratch import Scratch
from core.store.select import Columns, checked_select, select_columns
from core.store.store import Store
from core.store.vocabulary import EVENTS, NAMES, EventWord, known_event
from core.store.workspaces import (
    close_workspace,
    delete_workspace,
    home,
    is_open,
    kept_closed,
    list_workspaces,
    open_workspace,
    server_folder,
    spool_folder,
    workspace_path,
)
from core.store.writer import Writer

__all__ = [
    "EVENTS",
    "NAMES",
    "Columns",
    "EventWord",
    "Query",
    "Scratch",
    "Store",
    "Writer",
    "adopt",
    "checked_select",
    "close_workspace",
    "contact_columns",
    "contacts_query",
    "defuse",
    "delete_workspace",
    "filled_query",
    "fills_users",
    "flat",
    "home",
    "ident",
    "is_open",
    "joined",
    "kept_closed",
    "known_event",
    "list_workspaces",
    "literal",
    "open_workspace",
    "pattern_problem",
    "rewrite_workspace",
    "select_columns",
    "server_folder",
    "spool_folder",
    "workspace_path",
    "write_records",
    "write_rows",
]
