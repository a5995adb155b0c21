"""Target lists: from a question to the people to reach, in a file that can be sent."""

from core.campaigns.chief import reason_items
from core.campaigns.files import Written, contact_shown, write_list
from core.campaigns.ids import consent_columns, contact_columns, ids_digest, read_ids, users_query
from core.campaigns.make import make_list
from core.campaigns.manifest import manifest, manifest_bytes, write_manifest
from core.campaigns.types import ASKS, MOST_OFFERS, STAGES, Ask, Campaign, Members, Stage, StageName, TargetList

__all__ = [
    "ASKS",
    "MOST_OFFERS",
    "STAGES",
    "Ask",
    "Campaign",
    "Members",
    "Stage",
    "StageName",
    "TargetList",
    "Written",
    "consent_columns",
    "contact_columns",
    "contact_shown",
    "ids_digest",
    "make_list",
    "manifest",
    "manifest_bytes",
    "read_ids",
    "reason_items",
    "users_query",
    "write_list",
    "write_manifest",
]
