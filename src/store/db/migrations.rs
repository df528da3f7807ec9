//! The forms that a database had. Each opens, and is brought to the present one.

/// Each migration takes a database from the version of its index to the next one. They are only ever added
/// to.
pub(super) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE run(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, as_of INTEGER NOT NULL, version TEXT NOT NULL, incident TEXT NOT NULL) STRICT;
    -- One row per key of the inventory; story is its record as plan.json has it: certificates, places, evidence, verdicts.
    CREATE TABLE key(spki BLOB PRIMARY KEY, exposure TEXT NOT NULL, story TEXT NOT NULL) STRICT;
    -- The other encodings of a key that were met.
    CREATE TABLE key_form(raw BLOB PRIMARY KEY, spki BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE certificate(sha256 BLOB PRIMARY KEY, spki BLOB NOT NULL) STRICT, WITHOUT ROWID;
    -- closed: why the step is not in the plan any more.
    CREATE TABLE step(id TEXT PRIMARY KEY, place INTEGER NOT NULL, content TEXT NOT NULL, closed TEXT, closed_at INTEGER) STRICT;
    CREATE TABLE word(seq INTEGER PRIMARY KEY, step TEXT NOT NULL, content TEXT NOT NULL) STRICT;
    CREATE TABLE decision(seq INTEGER PRIMARY KEY, spki BLOB NOT NULL, content TEXT NOT NULL) STRICT;
",
    "
    -- Certificates on a key that a search found elsewhere; name tells them apart.
    CREATE TABLE elsewhere(spki BLOB NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY(spki, name)) STRICT, WITHOUT ROWID;
",
    "
    -- digest: of the story, so that one that did not change is not written again; NULL where it was written before there was one.
    CREATE TABLE key_now(spki BLOB PRIMARY KEY, exposure TEXT NOT NULL, digest BLOB, story TEXT NOT NULL) STRICT;
    INSERT INTO key_now(spki, exposure, story) SELECT spki, exposure, story FROM key ORDER BY spki;
    DROP TABLE key;
    ALTER TABLE key_now RENAME TO key;
",
    "
    -- A story is compared with the one that is there, and found by the certificates in it.
    ALTER TABLE key DROP COLUMN digest;
    DROP TABLE certificate;
",
    "
    -- The options that the case was made with; the last row of each scope counts, the others are its history.
    CREATE TABLE question(seq INTEGER PRIMARY KEY, scope TEXT NOT NULL, at INTEGER NOT NULL, content TEXT NOT NULL) STRICT;
    -- The roots by their numbers.
    CREATE TABLE root(number INTEGER PRIMARY KEY, content TEXT NOT NULL) STRICT;
    -- Files by their places, as the case met them first, with all that was ever found in them; rows: what the manifest said of the path, each once.
    CREATE TABLE file(root INTEGER NOT NULL, path BLOB NOT NULL, member TEXT NOT NULL, hash BLOB, last_hash BLOB, archive_hash BLOB,
        modified INTEGER, member_time INTEGER, rows TEXT, objects BLOB NOT NULL, unread TEXT, gone INTEGER NOT NULL, PRIMARY KEY(root, path, member)) STRICT, WITHOUT ROWID;
    -- The facts of every certificate, and of keys without one, so that they are known when their files are gone.
    CREATE TABLE certificate(sha256 BLOB PRIMARY KEY, issued_others INTEGER NOT NULL, issuer INTEGER NOT NULL, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
    -- What certificates say of their issuers, which many have in common.
    CREATE TABLE issuer(number INTEGER PRIMARY KEY, facts TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE bare_key(spki BLOB PRIMARY KEY, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
    -- Keys that the case made.
    CREATE TABLE made(spki BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    -- Whether a run found anything; those of earlier versions did not say.
    ALTER TABLE run ADD COLUMN content INTEGER NOT NULL DEFAULT 1;
",
    "
    -- The facts of certification requests, so that they are known when their files are gone.
    CREATE TABLE request(sha256 BLOB PRIMARY KEY, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
",
    "
    -- What a plan has besides its keys and steps, as plan.json has it: what it begins with, and the records of its lists.
    CREATE TABLE plan(number INTEGER PRIMARY KEY CHECK(number = 0), content TEXT NOT NULL) STRICT;
    CREATE TABLE plan_item(list TEXT NOT NULL, place INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY(list, place)) STRICT, WITHOUT ROWID;
    -- The index of names: host names, subjects, serial numbers, paths, accounts and fingerprints of each key. It is made when it is first used after keys
    -- changed: with every plan it would take almost half as long again. indexed: a row if it has all keys.
    CREATE TABLE name(name TEXT NOT NULL, spki BLOB NOT NULL, PRIMARY KEY(name, spki)) STRICT, WITHOUT ROWID;
    CREATE TABLE indexed(number INTEGER PRIMARY KEY CHECK(number = 0)) STRICT;
",
];
