"""Files become the workspace's tables: recognise, propose a mapping, load without loss, undo."""

from core.ingest.excel import sheet_names
from core.ingest.lines import RawRow, record_lines, refused_lines
from core.ingest.propose import guess_kind, propose
from core.ingest.relation import preview, relation
from core.ingest.source import discard, open_source
from core.ingest.types import (
    ColumnMap,
    Evidence,
    Format,
    Kind,
    LoadReport,
    Mapping,
    Proposal,
    Repeats,
    Role,
    Source,
    Type,
)

__all__ = [
    "ColumnMap",
    "Evidence",
    "Format",
    "Kind",
    "LoadReport",
    "Mapping",
    "Proposal",
    "RawRow",
    "Repeats",
    "Role",
    "Source",
    "Type",
    "discard",
    "guess_kind",
    "open_source",
    "preview",
    "propose",
    "record_lines",
    "refused_lines",
    "relation",
    "sheet_names",
]
