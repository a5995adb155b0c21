"""Users who are alike: clusters and look-alikes."""

from core.segments.likeness.cautions import cautions
from core.segments.likeness.clusters import CLUSTER_TASK, clusters, prepare_clusters, read_clusters
from core.segments.likeness.clusters_kept import assign_new, clustering_of, keep_clusters, rename_part
from core.segments.likeness.lookalike import (
    LOOKALIKE_TASK,
    keep_lookalikes,
    lookalikes,
    lookalikes_from,
    lookalikes_of,
    prepare_lookalikes,
)
from core.segments.likeness.numbers import USUAL as USUAL_FEATURES
from core.segments.likeness.runs import (
    ClusterRun,
    LookalikeRun,
    assign_run,
    closeness_of,
    clustering_now,
    made_in,
)
from core.segments.likeness.types import (
    Cluster,
    Clustering,
    ClusterSpec,
    CurvePoint,
    HeldOut,
    Lookalikes,
    LookalikeSpec,
    Trait,
    Tried,
)

__all__ = [
    "CLUSTER_TASK",
    "LOOKALIKE_TASK",
    "USUAL_FEATURES",
    "Cluster",
    "ClusterRun",
    "ClusterSpec",
    "Clustering",
    "CurvePoint",
    "HeldOut",
    "LookalikeRun",
    "LookalikeSpec",
    "Lookalikes",
    "Trait",
    "Tried",
    "assign_new",
    "assign_run",
    "cautions",
    "closeness_of",
    "clustering_now",
    "clustering_of",
    "clusters",
    "keep_clusters",
    "keep_lookalikes",
    "lookalikes",
    "lookalikes_from",
    "lookalikes_of",
    "made_in",
    "prepare_clusters",
    "prepare_lookalikes",
    "read_clusters",
    "rename_part",
]
