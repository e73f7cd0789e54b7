// Schema: the SQL of each migration. Numbered, frozen once released, forward only.
//
// Layer:   vault. Run by migrations.cpp, one transaction each.
// Format:  vault/FORMAT.md, "Schema", says what each table is for.
#pragma once

#include "api/base/error.h"

namespace nacre::vault {

// Needs the tokenizer of tokenizer.h on the connection.
//
// Tables of blobs have integer rows and a unique index beside them rather than WITHOUT ROWID: a
// record of a few kilobytes then fits its leaf page and is rewritten in place.
inline constexpr Literal kSchema1{R"sql(
CREATE TABLE session (
    row INTEGER PRIMARY KEY,
    own INTEGER NOT NULL CHECK (own IN (1, 2)),
    remote BLOB NOT NULL CHECK (length(remote) = 17),
    device INTEGER NOT NULL,
    record BLOB NOT NULL,
    UNIQUE (own, remote, device)
) STRICT;

CREATE TABLE identity (
    remote BLOB NOT NULL PRIMARY KEY CHECK (length(remote) = 17),
    key BLOB NOT NULL,
    previous_key BLOB,
    first_seen_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    accepted INTEGER NOT NULL CHECK (accepted IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE pre_key (
    row INTEGER PRIMARY KEY,
    own INTEGER NOT NULL CHECK (own IN (1, 2)),
    kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
    id INTEGER NOT NULL,
    record BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    replaced_ms INTEGER NOT NULL,
    last_resort INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
    UNIQUE (own, kind, id)
) STRICT;

CREATE TABLE kyber_use (
    own INTEGER NOT NULL,
    kyber_id INTEGER NOT NULL,
    ec_id INTEGER NOT NULL,
    base_key BLOB NOT NULL,
    PRIMARY KEY (own, kyber_id, ec_id, base_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE sender_key (
    row INTEGER PRIMARY KEY,
    sender BLOB NOT NULL CHECK (length(sender) = 17),
    device INTEGER NOT NULL,
    distribution BLOB NOT NULL CHECK (length(distribution) = 16),
    record BLOB NOT NULL,
    UNIQUE (sender, device, distribution)
) STRICT;

CREATE TABLE next_pre_key_id (
    own INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (own, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    slot INTEGER PRIMARY KEY CHECK (slot IN (1, 2)),  -- 1: the account, 2: the pending link
    state INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    aci BLOB NOT NULL CHECK (length(aci) = 16),
    pni BLOB CHECK (length(pni) = 16),
    number TEXT NOT NULL,
    device_id INTEGER NOT NULL,
    device_name TEXT NOT NULL,
    password BLOB NOT NULL,
    aci_identity_key_pair BLOB NOT NULL,
    pni_identity_key_pair BLOB NOT NULL,
    aci_registration_id INTEGER NOT NULL,
    pni_registration_id INTEGER NOT NULL,
    profile_key BLOB NOT NULL,
    account_entropy_pool TEXT NOT NULL,
    master_key BLOB NOT NULL,
    media_root_backup_key BLOB NOT NULL,
    auth_credential_salt BLOB NOT NULL,
    configuration INTEGER NOT NULL,
    environment BLOB NOT NULL,
    trust_roots BLOB NOT NULL,
    server_public_params BLOB NOT NULL,
    at_ms INTEGER NOT NULL,   -- linked, or requested
    extra BLOB NOT NULL       -- the engine's, of a pending link
) STRICT;

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
    key TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE spool_epoch (
    epoch INTEGER PRIMARY KEY,
    public_key BLOB NOT NULL,
    private_key BLOB,
    drained INTEGER NOT NULL CHECK (drained IN (0, 1))
) STRICT;

CREATE TABLE spool_position (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    committed INTEGER NOT NULL,
    last_hash BLOB NOT NULL
) STRICT;

CREATE TABLE attempt (
    sequence INTEGER PRIMARY KEY,
    attempts INTEGER NOT NULL
) STRICT;

CREATE TABLE quarantine (
    row INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    envelope BLOB NOT NULL
) STRICT;

CREATE TABLE seen (
    hash BLOB NOT NULL PRIMARY KEY,
    day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recipient (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    aci BLOB UNIQUE CHECK (length(aci) = 17),  -- as in identity and session
    pni BLOB UNIQUE CHECK (length(pni) = 17),
    e164 TEXT UNIQUE,
    self INTEGER UNIQUE CHECK (self = 1),
    contact_name TEXT NOT NULL,
    profile_name TEXT NOT NULL,
    profile_key BLOB NOT NULL,
    access INTEGER NOT NULL,
    flags INTEGER NOT NULL,       -- 1 contact, 2 blocked, 4 unregistered
    sort_name TEXT NOT NULL,      -- display name, folded
    search_text TEXT NOT NULL     -- names and number, folded
) STRICT;
CREATE VIEW recipient_view AS SELECT
    row, id, aci, pni, e164, self, contact_name, profile_name, profile_key, access, flags,
    EXISTS (SELECT 1 FROM identity WHERE remote = aci AND accepted = 0) AS identity_changed,
    sort_name, search_text
FROM recipient;

CREATE TABLE conversation (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    recipient INTEGER UNIQUE,
    group_id BLOB UNIQUE,
    unread_count INTEGER NOT NULL,
    last_order INTEGER NOT NULL,
    read_order INTEGER NOT NULL,  -- nothing up to here is unread
    expire_timer_s INTEGER NOT NULL,
    expire_timer_version INTEGER NOT NULL,
    CHECK ((recipient IS NULL) <> (group_id IS NULL))
) STRICT;
CREATE VIEW conversation_view AS SELECT
    row, id, recipient, group_id, unread_count, last_order, expire_timer_s, expire_timer_version
FROM conversation;

CREATE TABLE message (
    message_order INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again after a deletion
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    conversation INTEGER NOT NULL,
    author INTEGER NOT NULL,
    author_device INTEGER NOT NULL,
    direction INTEGER NOT NULL CHECK (direction IN (1, 2)),
    state INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    sent_ms INTEGER NOT NULL,
    server_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    read_ms INTEGER NOT NULL,
    client_request_id TEXT,
    failure TEXT,
    body TEXT NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX message_by_conversation ON message (conversation, message_order);
CREATE INDEX message_by_sent ON message (author, sent_ms);
CREATE UNIQUE INDEX message_by_request ON message (client_request_id)
    WHERE client_request_id IS NOT NULL;

CREATE VIEW message_view AS SELECT
    m.message_order, m.id, m.conversation, c.id AS conversation_id, m.author, m.author_device,
    m.direction, m.state, m.kind, m.sent_ms, m.server_ms, m.received_ms, m.read_ms,
    m.client_request_id, m.failure, m.body
FROM message AS m CROSS JOIN conversation AS c ON c.row = m.conversation;

CREATE TABLE receipt (
    message INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    delivered_ms INTEGER NOT NULL,
    read_ms INTEGER NOT NULL,
    PRIMARY KEY (message, recipient)
) STRICT, WITHOUT ROWID;

CREATE TABLE early_receipt (
    sent_ms INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (sent_ms, recipient, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    state INTEGER NOT NULL,
    destination BLOB NOT NULL CHECK (length(destination) = 17),
    message INTEGER,
    timestamp_ms INTEGER NOT NULL,
    urgent INTEGER NOT NULL,
    online INTEGER NOT NULL,
    content BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    next_try_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_by_destination ON outbox (destination, entry);
CREATE INDEX outbox_by_message ON outbox (message) WHERE message IS NOT NULL;

CREATE TABLE outbox_device (
    entry INTEGER NOT NULL,
    device INTEGER NOT NULL,
    registration_id INTEGER NOT NULL,
    type INTEGER NOT NULL,
    sealed INTEGER NOT NULL,
    ciphertext BLOB NOT NULL,
    UNIQUE (entry, device)
) STRICT;

CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    conversation BLOB,
    message BLOB,
    recipient BLOB
) STRICT;

CREATE TABLE client (
    token_hash BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scopes INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE message_index USING fts5 (
    body, content = 'message', content_rowid = 'message_order',
    tokenize = 'nacre', detail = none, columnsize = 0
);
INSERT INTO message_index (message_index, rank) VALUES ('secure-delete', 1);
)sql"};

// What a spool_damaged event names; delivery receipts that wait for their time.
inline constexpr Literal kSchema2{R"sql(
ALTER TABLE event ADD COLUMN lost_first INTEGER;
ALTER TABLE event ADD COLUMN lost_last INTEGER;

CREATE TABLE held_receipt (
    row INTEGER PRIMARY KEY,
    destination BLOB NOT NULL CHECK (length(destination) = 17),
    timestamp_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX held_receipt_due ON held_receipt (due_ms);
)sql"};

}  // namespace nacre::vault
