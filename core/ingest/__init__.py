"""Files become the workspace's tables: recognise, propose a mapping, load without loss, undo."""

from core.ingest.describe import describe
from core.ingest.erase import ON_DISK, Receipt, erase
from core.ingest.erased import erased_users
from core.ingest.excel import sheet_names
from core.ingest.expand import expand
from core.ingest.lines import RawRow, record_lines, refused_lines
from core.ingest.load import load
from core.ingest.personal import personal_words
from core.ingest.plan import ROLES
from core.ingest.propose import guess_kind, propose
from core.ingest.pseudonym import pseudonym
from core.ingest.rejects import rejects_csv
from core.ingest.relation import preview, relation
from core.ingest.remap import Corrections, Override, remap
from core.ingest.retention import Due, Retention, apply_retention, due, retention, set_retention
from core.ingest.siblings import settle_days
from core.ingest.source import discard, open_source
from core.ingest.types import (
    ColumnMap,
    Evidence,
    Format,
    Kind,
    LoadReport,
    Mapping,
    Mode,
    Personal,
    Proposal,
    Repeats,
    Role,
    Source,
    Type,
)
from core.ingest.undo import batches, last_batch, undo
from core.ingest.unpack import Part, remove_parts, unpack
from core.ingest.values import value_counts

__all__ = [
    "ON_DISK",
    "ROLES",
    "ColumnMap",
    "Corrections",
    "Due",
    "Evidence",
    "Format",
    "Kind",
    "LoadReport",
    "Mapping",
    "Mode",
    "Override",
    "Part",
    "Personal",
    "Proposal",
    "RawRow",
    "Receipt",
    "Repeats",
    "Retention",
    "Role",
    "Source",
    "Type",
    "apply_retention",
    "batches",
    "describe",
    "discard",
    "due",
    "erase",
    "erased_users",
    "expand",
    "guess_kind",
    "last_batch",
    "load",
    "open_source",
    "personal_words",
    "preview",
    "propose",
    "pseudonym",
    "record_lines",
    "refused_lines",
    "rejects_csv",
    "relation",
    "remap",
    "remove_parts",
    "retention",
    "set_retention",
    "settle_days",
    "sheet_names",
    "undo",
    "unpack",
    "value_counts",
]
