//! Archives and compressed files: what lies in them is found like what lies beside them, and whatever is not
//! read is told.
#![allow(missing_docs, clippy::unwrap_used)]

mod damaged;
mod formats;
mod gaps;
mod headers;
mod links;
#[allow(unreachable_pub)]
mod make;
mod names;
mod places;
mod wrapped;

use std::convert::Infallible;
use std::path::PathBuf;

use crate::common::Folder;
use crate::common::pki::leaked_leaf;
use certrecall::pki::{Object, Unread};
use certrecall::read::{self, Found, Ledger, Options, Roots};

/// A key and its certificate, as an upload has them.
fn bundle() -> String {
    let leaf = leaked_leaf();
    format!("{}{}", leaf.key.pem(), leaf.pem())
}

/// Everything found below a path, with its ledger.
fn read_with(path: &str, options: &Options) -> (Vec<Found>, Ledger) {
    let roots = Roots::open(&[PathBuf::from(path)]).unwrap();
    let mut all = Vec::new();
    let consume = |batch: Vec<Found>| {
        all.extend(batch);
        Ok::<(), Infallible>(())
    };
    let Ok(ledgers) = read::read(&roots, options, Vec::new, Vec::push, consume);
    let ledger = ledgers[0];
    assert_eq!(ledger.seen, all.iter().map(|found| found.items.len() as u64).sum::<u64>());
    assert_eq!(ledger.seen, ledger.read + ledger.locked + ledger.unreadable + ledger.skipped);
    (all, ledger)
}

/// What a file with these bytes holds: for each record its place and what it is.
fn records_of(name: &str, bytes: &[u8]) -> Vec<String> {
    let folder = Folder::new();
    folder.write(name, bytes);
    let (found, _) = read_with(&folder.at(""), &Options::default());
    let records = shown(&found);
    // Whatever the threads, and whatever way it comes in.
    let (alone, _) = read_with(&folder.at(name), &Options { threads: 1, ..Options::default() });
    assert_eq!(shown(&alone), records);
    let mut piped: Vec<String> = read::read_bytes(bytes)
        .iter()
        .map(|item| format!("{} {}", item.member.as_deref().unwrap_or("-"), what(&item.body)))
        .collect();
    let mut plain: Vec<String> = found
        .iter()
        .flat_map(|f| {
            f.items.iter().map(|i| {
                format!(
                    "{} {}",
                    certrecall::report::record::member(&f.place, i).unwrap_or_else(|| "-".into()),
                    what(&i.body)
                )
            })
        })
        .collect();
    if !name.ends_with(".gz") {
        piped.sort();
        plain.sort();
        assert_eq!(piped, plain);
    }
    records
}

fn shown(found: &[Found]) -> Vec<String> {
    let line = |found: &Found| {
        found
            .items
            .iter()
            .map(|item| format!("{} {}", found.place.shown(), what(&item.body)))
            .collect::<Vec<_>>()
    };
    found.iter().flat_map(line).collect()
}

/// Kind, or reason and detail.
fn what(body: &Result<Object, Unread>) -> String {
    match body {
        Ok(object) => object.kind().to_owned(),
        Err(Unread::Locked(reason, _)) => format!("locked {reason}"),
        Err(Unread::Unreadable(reason, detail) | Unread::Skipped(reason, detail)) => {
            format!("{reason} {detail}").trim_end().to_owned()
        }
    }
}
