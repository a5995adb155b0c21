"""Taking the data away and bringing them back: tables as files, backups, restoring."""

from core.takeout.backup import Backup, backup
from core.takeout.export import export_all, export_table
from core.takeout.restore import KEPT, restore
from core.takeout.tables import FORMATS, PERSONAL, TABLES, export_mapping, table_rows

__all__ = [
    "FORMATS",
    "KEPT",
    "PERSONAL",
    "TABLES",
    "Backup",
    "backup",
    "export_all",
    "export_mapping",
    "export_table",
    "restore",
    "table_rows",
]
