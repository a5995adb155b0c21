"""The workspace's tables, as numbered migrations. A migration, once landed, is never edited: add the next one.

What each column means (units, missing values) is said here once; the rest of the program refers to it.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from core.store.move_contacts import move_contacts

# events   one row per thing a user did. NULL means "not known" everywhere, never zero.
#   user_no   the user (users.user_no); NULL = anonymous: counts in attention and revenue, not in users
#   item_no   the item (items.item_no); NULL where the event has none (a search)
#   event     word of core.store.vocabulary.EVENTS, or the analyst's own, lower case
#   at_utc    UTC, microseconds; NULL where the file has no time column
#   order_id  the order of a purchase or return, as in the file
#   quantity  units; negative in events 'return', so that sums are net
#   value     money in the file's currency for the whole row (quantity x price); negative in 'return'
#   rating    on the file's own scale
#   dwell     seconds
#   batch_no  the load that brought the row (batches.batch_no)
#   ...       the analyst's own context columns, typed, listed in `columns`
# users, items   one row per raw id that any live batch mentions; attribute columns are added as files bring them.
#   Numbers and ids are unique; core.ingest, the only writer, sees to it (an index would slow a load of many users)
# user_facts, item_facts   what each attribute file said, per batch: users/items are rebuilt from them at load and undo
_FIRST = """
CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
INSERT INTO meta VALUES ('version', '0');
CREATE TABLE batches (
    batch_no INTEGER PRIMARY KEY,
    kind VARCHAR NOT NULL,               -- events | items | users
    files JSON NOT NULL,                 -- [{name, bytes, sha256, rows_read}]
    mapping JSON NOT NULL,               -- the mapping as the analyst accepted it
    rows_read BIGINT NOT NULL,           -- counted apart from the loader; = loaded + rejected + duplicate
    rows_loaded BIGINT NOT NULL,         -- file rows kept (one file row may become several events)
    rows_rejected BIGINT NOT NULL,
    rows_duplicate BIGINT NOT NULL,      -- dropped as exact repeats, by choice
    rows_repeated BIGINT NOT NULL,       -- exact repeats that were kept, counted inside rows_loaded
    rows_anonymous BIGINT NOT NULL,      -- file rows kept that name no user
    events_added BIGINT NOT NULL,
    loaded_at TIMESTAMP NOT NULL,        -- UTC
    undone_at TIMESTAMP                  -- UTC; NULL while the batch counts
);
CREATE TABLE rejects (
    batch_no INTEGER NOT NULL,
    file VARCHAR NOT NULL,
    line BIGINT,                         -- physical line in the file, header = 1; NULL where the format has no lines
    column_name VARCHAR,                 -- NULL when the whole row is at fault
    reason VARCHAR NOT NULL,             -- stable code, see core.ingest
    message VARCHAR NOT NULL,            -- for people
    raw VARCHAR                          -- the row as it stood, cut at 1,000 characters
);
CREATE TABLE columns (
    table_name VARCHAR NOT NULL,         -- events | users | items
    column_name VARCHAR NOT NULL,
    role VARCHAR NOT NULL,               -- context | attribute | title | category | price | contact | consent
    PRIMARY KEY (table_name, column_name)
);
CREATE TABLE users (user_no INTEGER NOT NULL, user_id VARCHAR NOT NULL);
CREATE TABLE items (item_no INTEGER NOT NULL, item_id VARCHAR NOT NULL);
CREATE TABLE user_facts (batch_no INTEGER NOT NULL, user_no INTEGER NOT NULL);
CREATE TABLE item_facts (batch_no INTEGER NOT NULL, item_no INTEGER NOT NULL);
CREATE TABLE events (
    user_no INTEGER, item_no INTEGER, event VARCHAR NOT NULL, at_utc TIMESTAMP,
    order_id VARCHAR, quantity DOUBLE, value DECIMAL(18, 4), rating DOUBLE, dwell DOUBLE,
    session VARCHAR, channel VARCHAR, campaign VARCHAR, device VARCHAR, batch_no INTEGER NOT NULL
);
CREATE TABLE segments (
    name VARCHAR PRIMARY KEY,
    rule JSON NOT NULL,
    as_of TIMESTAMP,                     -- UTC, end of the data the rule sees; NULL = just after the last event
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE TABLE jobs (
    job_id VARCHAR PRIMARY KEY,
    key VARCHAR NOT NULL,                -- hash(data version, spec): a second start joins the first
    kind VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    lane VARCHAR NOT NULL,               -- sql | compute
    status VARCHAR NOT NULL,             -- running | done | failed | cancelled | interrupted
    spec JSON NOT NULL,
    result JSON,
    error JSON,                          -- {code, message, hint} of a Refusal
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
"""

# runs          one row per comparison of models or check of an audience: question and answer, see core.evaluate.types
#   version     the data's version that was looked at; the run is stale where meta's is another
#   limelight   the program's version then
# run_users     a comparison's judged users, one row for each and each model: its metrics for this user's list
#   label       ModelScore.label
# run_chosen    whom each way of an audience chose, one row for each user, way and target that has been judged
#   way         WayScore.way
#   target      place in Audience.targets
#   took        the user took it in the held-out time
# models        one row per fitted model; what it learnt is in model_arrays, the matrix is made again from the events
#   fit         model, matrix and seed: core.recommend.FitSpec
#   until       UTC, end of the data that the matrix saw; NULL without times
#   size        bytes of its arrays
# model_arrays  one row per part of an array, part 0 first; their bytes one after the other are the array
#   dtype       as NumPy writes it ("<f4")
#   shape       {"shape": [...], "order": "C" or "F"}
_RUNS = """
CREATE TABLE runs (
    run_id VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,               -- compare | audience | ratings | newcomers
    spec JSON NOT NULL,
    answer JSON NOT NULL,
    version BIGINT NOT NULL,
    limelight VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL        -- UTC
);
CREATE TABLE run_users (
    run_id VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    user_no INTEGER NOT NULL,
    ndcg FLOAT, recall FLOAT, "precision" FLOAT, f1 FLOAT, map FLOAT, mrr FLOAT, hit_rate FLOAT
);
CREATE TABLE run_chosen (
    run_id VARCHAR NOT NULL,
    way VARCHAR NOT NULL,
    target INTEGER NOT NULL,
    user_no INTEGER NOT NULL,
    took BOOLEAN NOT NULL
);
CREATE TABLE models (
    model_id VARCHAR PRIMARY KEY,
    fit JSON NOT NULL,
    version BIGINT NOT NULL,
    limelight VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,       -- UTC
    seconds_fit DOUBLE NOT NULL,
    users BIGINT NOT NULL,
    items BIGINT NOT NULL,
    size BIGINT NOT NULL,
    facts JSON NOT NULL,                 -- of the matrix: Interactions.facts
    until TIMESTAMP
);
CREATE TABLE model_arrays (
    model_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    part INTEGER NOT NULL,
    dtype VARCHAR NOT NULL,
    shape JSON NOT NULL,
    content BLOB NOT NULL
);
"""

# saved_lists    one row per target list that was kept, or brought in with its two groups: see core.experiments
#   sent_at      UTC; responses count from it on
#   days         length of the window of responses
#   event        what counts as a response
#   items        raw item ids that a response must be about; [] = any
#   holdout      planned share of the control group; NULL = not known
#   manifest     of the list; {} for one that was brought in
# saved_members  its users, by raw id: numbers change by undo and reload, and a user may not be known yet
#   rank         from 1; NULL where the list has none
#   items        raw ids of what the user was offered, best first; NULL = nothing
_LISTS = """
CREATE TABLE saved_lists (
    name VARCHAR PRIMARY KEY,
    created_at TIMESTAMP NOT NULL,       -- UTC
    sent_at TIMESTAMP NOT NULL,
    days INTEGER NOT NULL,
    event VARCHAR NOT NULL,
    items JSON NOT NULL,
    holdout DOUBLE,
    manifest JSON NOT NULL
);
CREATE TABLE saved_members (
    name VARCHAR NOT NULL,
    arm VARCHAR NOT NULL,                -- contacted | control
    user_id VARCHAR NOT NULL,
    rank INTEGER,
    items JSON
);
"""

# batches.mode          append | replace: a replacing load takes the place of all earlier ones of its kind
# batches.rows_overlap  rows left out because earlier loads have them; part of rows_duplicate
# batches.events_gone   events of the batch that were erased with a user, or dropped by the retention rule
# live_batches          the batches that count: not undone, and not replaced by a later one that counts
# events.row_no         place of the file's row in its load; kept only where the load leaves out what is there already
# parked_events         events that do not count but may again: of replaced batches, and rows that earlier loads have.
#                       Numbers as in events; the analyst's own columns are text (typed.as_text) whatever they are
# parked_user_facts, parked_item_facts   the same for the facts of replaced batches
# retired_users, retired_items   ids that only parked rows name: they keep their number, and are no users or items
# contact_facts         what files say of how to reach a user, apart from all else: shown only where a list is exported.
#                       Of several batches that count the latest with a value wins, per user and column
# erased                users who were erased: a keyed hash of the id, so that a later load leaves them out
_MANY = """
ALTER TABLE batches ADD COLUMN mode VARCHAR DEFAULT 'append';
ALTER TABLE batches ADD COLUMN rows_overlap BIGINT DEFAULT 0;
ALTER TABLE batches ADD COLUMN events_gone BIGINT DEFAULT 0;
ALTER TABLE events ADD COLUMN row_no BIGINT;
CREATE VIEW live_batches AS SELECT batch_no, kind FROM batches b WHERE undone_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM batches r WHERE r.undone_at IS NULL AND r.mode = 'replace' AND r.kind = b.kind
    AND r.batch_no > b.batch_no);
CREATE TABLE parked_events (
    user_no INTEGER, item_no INTEGER, event VARCHAR NOT NULL, at_utc TIMESTAMP,
    order_id VARCHAR, quantity DOUBLE, value DECIMAL(18, 4), rating DOUBLE, dwell DOUBLE,
    session VARCHAR, channel VARCHAR, campaign VARCHAR, device VARCHAR, batch_no INTEGER NOT NULL, row_no BIGINT
);
CREATE TABLE parked_user_facts (batch_no INTEGER NOT NULL, user_no INTEGER NOT NULL);
CREATE TABLE parked_item_facts (batch_no INTEGER NOT NULL, item_no INTEGER NOT NULL);
CREATE TABLE retired_users (user_no INTEGER NOT NULL, user_id VARCHAR NOT NULL);
CREATE TABLE retired_items (item_no INTEGER NOT NULL, item_id VARCHAR NOT NULL);
CREATE TABLE contact_facts (
    batch_no INTEGER NOT NULL, user_no INTEGER NOT NULL, column_name VARCHAR NOT NULL, value VARCHAR NOT NULL
);
CREATE TABLE erased (id_hash VARCHAR NOT NULL, erased_at TIMESTAMP NOT NULL);
"""

# events.event_no       names an event for ever: batch_no * 2^40 + its place in the load; never NULL
# repairs               rules that an analyst accepted, applied in order of `place`: see core.quality
#   done                what it did when it was last applied, with figures before and after (JSON)
#   ended_at            UTC, when it was taken back; NULL while it counts
# touched_X, mended_X   what the repairs that count make of the loaded rows: see core.store.lens
# merged_users          users whose events now belong to another
# repair_cells          which values a repair made, so that they are marked wherever they show
#   key                 event_no, user_no or item_no
# batch_columns         of each file column of a load: rows kept, and how many of them have no value in it
#   negative            rows with a number below zero; NULL where the column is not read as one
_REPAIRS = """
ALTER TABLE events ADD COLUMN event_no BIGINT;
UPDATE events SET event_no = (batch_no::BIGINT << 40) + rowid;
ALTER TABLE parked_events ADD COLUMN event_no BIGINT;
UPDATE parked_events SET event_no = (batch_no::BIGINT << 40) + (1::BIGINT << 39) + rowid;
CREATE SCHEMA repaired;
CREATE TABLE repairs (
    repair_no INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,
    spec JSON NOT NULL,
    done JSON,
    created_at TIMESTAMP NOT NULL,       -- UTC
    ended_at TIMESTAMP
);
CREATE TABLE touched_events (event_no BIGINT NOT NULL);
CREATE TABLE touched_users (user_no INTEGER NOT NULL);
CREATE TABLE touched_items (item_no INTEGER NOT NULL);
CREATE TABLE mended_events AS FROM events LIMIT 0;
CREATE TABLE mended_users AS FROM users LIMIT 0;
CREATE TABLE mended_items AS FROM items LIMIT 0;
CREATE TABLE merged_users (user_no INTEGER NOT NULL, into_no INTEGER NOT NULL);
CREATE TABLE repair_cells (
    repair_no INTEGER NOT NULL, table_name VARCHAR NOT NULL, key BIGINT NOT NULL, column_name VARCHAR NOT NULL
);
CREATE TABLE batch_columns (
    batch_no INTEGER NOT NULL, column_name VARCHAR NOT NULL, role VARCHAR NOT NULL,
    rows BIGINT NOT NULL, missing BIGINT NOT NULL, negative BIGINT
);
"""

# quality_reports   the latest report on the data (core.quality.report), as JSON; it names users in its examples
#   version         the data's version that was looked at; the report is stale where meta's is another
_REPORTS = """
CREATE TABLE quality_reports (
    version BIGINT NOT NULL,
    answer JSON NOT NULL,
    created_at TIMESTAMP NOT NULL        -- UTC
);
"""

# groupings            kept groups of users, which rules name (segments' InGroup): clusters, look-alikes, lists, frozen
#   kind               clusters | lookalike | list | frozen
#   parts              {"0": "Bargain hunters", ...}: number of a part -> its name; {} where there are none
#   words              what it is, in a few words
#   spec               the question, as JSON: what was clustered, of which seed, the frozen rule
#   answer             what came of it, as JSON: figures for the page
#   model              what is needed to put new users into parts, as JSON; NULL where nothing is
#   as_of              UTC, end of the data seen; NULL without times
#   version            the data's version that was looked at
# grouping_members     by raw id: numbers change by undo and reload
#   part               -1 = in none (noise); NULL where the group has no parts
#   rank               from 1, best first; NULL where members have no order
#   score              closeness, probability or distance, as the kind has it; NULL where there is none
# segments.made_from   of a frozen segment the rule that chose its members; NULL = live
_GROUPINGS = """
CREATE TABLE groupings (
    name VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    parts JSON NOT NULL,
    words VARCHAR NOT NULL,
    spec JSON NOT NULL,
    answer JSON NOT NULL,
    model JSON,
    as_of TIMESTAMP,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL        -- UTC
);
CREATE TABLE grouping_members (
    name VARCHAR NOT NULL,
    user_id VARCHAR NOT NULL,
    part INTEGER,
    rank INTEGER,
    score DOUBLE
);
ALTER TABLE segments ADD COLUMN made_from JSON;
"""

# studies      one row per study of settings (core.evaluate.tuning): question, trials, outcome; resumed in place
#   version    the data's version that it looked at; it cannot be resumed where meta's is another
# run_users    further metrics of each judged user's list; NULL where they were not asked for
_STUDIES = """
CREATE TABLE studies (
    study_id VARCHAR PRIMARY KEY,
    spec JSON NOT NULL,
    answer JSON NOT NULL,
    version BIGINT NOT NULL,
    limelight VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,       -- UTC
    updated_at TIMESTAMP NOT NULL
);
ALTER TABLE run_users ADD COLUMN auc FLOAT;
ALTER TABLE run_users ADD COLUMN diversity FLOAT;
ALTER TABLE run_users ADD COLUMN serendipity FLOAT;
ALTER TABLE run_users ADD COLUMN novelty FLOAT;
ALTER TABLE run_users ADD COLUMN popularity FLOAT;
ALTER TABLE run_users ADD COLUMN calibration FLOAT;
"""

MIGRATIONS: tuple[tuple[str, str | Callable[[duckdb.DuckDBPyConnection], None]], ...] = (
    ("first tables", _FIRST),
    ("models and runs", _RUNS),
    ("lists", _LISTS),
    ("many loads", _MANY),
    ("contacts apart", move_contacts),
    ("repairs", _REPAIRS),
    ("quality reports", _REPORTS),
    ("groups of users", _GROUPINGS),
    ("studies", _STUDIES),
)
"""(name, SQL or a function of a cursor) in order, each in a transaction of its own (all in one where the workspace is
new, which is quicker); a workspace's schema number is how many of them it has seen."""
