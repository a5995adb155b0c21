"""The workspace: one DuckDB file, its tables, and the only code that runs SQL."""

from core.store.cells import defuse
from core.store.contacts import contact_columns, contacts_query
from core.store.query import Query, ident, joined
from core.store.rewrite import rewrite_workspace
from core.store.store import Store, Writer
from core.store.vocabulary import EVENTS, NAMES, EventWord, known_event
from core.store.workspaces import (
    close_workspace,
    delete_workspace,
    home,
    list_workspaces,
    open_workspace,
    server_folder,
    workspace_path,
)

__all__ = [
    "EVENTS",
    "NAMES",
    "EventWord",
    "Query",
    "Store",
    "Writer",
    "close_workspace",
    "contact_columns",
    "contacts_query",
    "defuse",
    "delete_workspace",
    "home",
    "ident",
    "joined",
    "known_event",
    "list_workspaces",
    "open_workspace",
    "rewrite_workspace",
    "server_folder",
    "workspace_path",
]
