//! Real collections of certificates and keys: whatever is in them has a record, and threads change nothing.
//!
//! They lie one below another in the directory named by `CERTRECALL_CORPORA`, by default `target/corpora`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use crate::common::run;

#[test]
#[ignore = "needs the corpora: unpack them to target/corpora"]
fn corpora_are_read_whole_and_the_same_by_any_number_of_threads() {
    let home =
        std::env::var_os("CERTRECALL_CORPORA").map_or_else(|| PathBuf::from("target/corpora"), PathBuf::from);
    let mut corpora: Vec<PathBuf> =
        fs::read_dir(&home).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    corpora.sort();
    assert!(!corpora.is_empty(), "{home:?} holds no corpus");
    for corpus in corpora {
        let of = |threads: &str| {
            run(&["scan", "--all", "--format=ndjson", "--threads", threads, corpus.to_str().unwrap()])
        };
        let (one, three) = (of("1"), of("3"));
        assert!([0, 3].contains(&one.status), "{corpus:?}: {}", one.stderr);
        assert!(
            one.stdout == three.stdout && one.stderr == three.stderr && one.status == three.status,
            "{corpus:?}: threads make a difference"
        );
        let records = one.records();
        let count = |kind: &str| records.iter().filter(|r| r["kind"] == kind).count();
        let (locked, unreadable, skipped) = (count("locked"), count("unreadable"), count("skipped"));
        let read = records.len() - locked - unreadable - skipped;
        let equation = format!(
            "{} seen = {read} read + {locked} locked + {unreadable} unreadable + {skipped} skipped",
            records.len()
        );
        assert_eq!(one.stderr.trim_end(), equation, "{corpus:?}");
        assert!(records.iter().all(|r| r["reason"] != "internal-error"), "{corpus:?}: a defect of a reader");
    }
}
