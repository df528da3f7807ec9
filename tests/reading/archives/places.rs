//! What is found in an archive can be named, and found again.

use std::fs;
use std::path::PathBuf;

use certrecall::id::Fingerprint;
use certrecall::pki::Object;
use certrecall::read::{self, Item, Options, Place, Reopener, Roots};
use serde_json::Value;

use super::make::{deflated, file, gzip, stored, tar, zip};
use super::read_with;
use crate::common::pki::{Cert, leaked_leaf, self_signed};
use crate::common::{Folder, run, run_with_input};

/// A backup with a certificate and a key in each of its three members, one of them in a zip.
fn backup() -> (Folder, Vec<(String, Fingerprint)>) {
    let folder = Folder::new();
    let (a, b, c) = (self_signed("a.example"), self_signed("b.example"), self_signed("c.example"));
    let bundle = |cert: &Cert| format!("{}{}", cert.key.pem(), cert.pem());
    let inner = zip(&[deflated("c.pem", bundle(&c)), stored("note.txt", "nothing")]);
    folder.write(
        "backup.tar.gz",
        gzip(&tar(&[file("a.pem", bundle(&a)), file("sub/b.pem", bundle(&b)), file("inner.zip", inner)])),
    );
    let known = [("a.pem", &a), ("sub/b.pem", &b), ("inner.zip!/c.pem", &c)]
        .map(|(way, cert)| (way.to_owned(), cert.sha256()));
    (folder, known.to_vec())
}

#[test]
fn records_name_the_archive_and_the_way_into_it() {
    let (folder, known) = backup();
    let ran = run(&["scan", "--format=ndjson", "--all", &folder.at("backup.tar.gz")]);
    assert_eq!(ran.status, 0);
    let found: Vec<(Value, Value, Value)> =
        ran.records().iter().map(|r| (r["path"].clone(), r["member"].clone(), r["index"].clone())).collect();
    let ways =
        known.iter().flat_map(|(way, _)| [(way.as_str(), 0), (way, 1)]).chain([("inner.zip!/note.txt", 0)]);
    let want: Vec<_> = ways
        .map(|(way, index)| (Value::from("backup.tar.gz"), Value::from(way), Value::from(index)))
        .collect();
    assert_eq!(found, want);
    let piped = run_with_input(&["scan", "--format=ndjson", "-"], &folder.read("backup.tar.gz"));
    let ways: Vec<Value> = piped.records().iter().map(|r| r["member"].clone()).collect();
    assert_eq!(
        ways,
        known.iter().flat_map(|(way, _)| [way.as_str(), way]).map(Value::from).collect::<Vec<_>>()
    );
}

#[test]
fn certificates_are_found_again_where_they_are() {
    let (folder, known) = backup();
    let roots = Roots::open(&[PathBuf::from(folder.at(""))]).unwrap();
    let archive = Place::new(0, b"backup.tar.gz");
    let mut files = Reopener::new(&roots);
    for (way, sha256) in known.iter().chain(&known) {
        let place = archive.with_member(way);
        for der in [
            files.get(&place, *sha256),
            read::reopen(&roots, &place, *sha256),
            read::reopen(&roots, &archive, *sha256),
        ] {
            assert_eq!(Fingerprint::of(&der.unwrap()), *sha256);
        }
    }
    let other = archive.with_member("a.pem");
    assert_eq!(read::reopen(&roots, &other, known[1].1), None, "only the member that is named");
    assert_eq!(files.get(&archive.with_member("gone"), Fingerprint::of(b"gone")), None);
    let bytes = folder.read("backup.tar.gz");
    let all: Vec<Fingerprint> =
        read::certificates_in(&bytes).iter().map(|der| Fingerprint::of(der)).collect();
    assert_eq!(all, known.iter().map(|(_, sha256)| *sha256).collect::<Vec<_>>());
    let ways: Vec<String> = read::read_bytes(&bytes)
        .iter()
        .filter(|i| matches!(i.body, Ok(Object::Certificate(_))))
        .map(way)
        .collect();
    assert_eq!(ways, known.iter().map(|(way, _)| way.clone()).collect::<Vec<_>>());
}

fn way(item: &Item) -> String {
    item.member.as_deref().unwrap_or_default().to_owned()
}

#[test]
fn private_keys_are_found_in_the_member_that_is_named_alone() {
    let (folder, known) = backup();
    let roots = Roots::open(&[PathBuf::from(folder.at(""))]).unwrap();
    let archive = Place::new(0, b"backup.tar.gz");
    let keys = |place: &Place| {
        let mut found = Vec::new();
        read::each_private_key(&roots, place, &mut |_, key| found.push(key.unwrap().facts.spki.unwrap()))
            .unwrap();
        found
    };
    let each: Vec<_> = known.iter().flat_map(|(way, _)| keys(&archive.with_member(way))).collect();
    assert_eq!(each.len(), known.len());
    assert_eq!(keys(&archive), each);
    let mut shown = 0;
    read::revisit(&roots, &archive.with_member("sub/b.pem"), &mut |_, _| shown += 1).unwrap();
    assert_eq!(shown, 2);
    fs::remove_file(folder.at("backup.tar.gz")).unwrap();
    assert!(read::revisit(&roots, &archive.with_member("sub/b.pem"), &mut |_, _| ()).is_none());
}

#[test]
fn hashes_are_those_of_the_members() {
    let (folder, _) = backup();
    let content = leaked_leaf().pem();
    folder.write("x.zip", zip(&[deflated("a.pem", &content)])).write("y.gz", gzip(content.as_bytes()));
    let (found, _) = read_with(&folder.at(""), &Options { hash_files: true, ..Options::default() });
    let hashes: Vec<_> =
        found.iter().filter(|f| !f.place.path.starts_with("backup")).map(|f| f.file_hash).collect();
    assert_eq!(hashes, [Some(Fingerprint::of(content.as_bytes())); 2]);
    // And that of the archive, which is what a manifest may name.
    for f in &found {
        assert_eq!(f.archive_hash, Some(Fingerprint::of(&folder.read(&f.place.path))), "{}", f.place.shown());
    }
    folder.write("cut.tar", &tar(&[file("a.pem", &content)])[..1536]);
    let (found, _) = read_with(&folder.at("cut.tar"), &Options { hash_files: true, ..Options::default() });
    let own = found.last().unwrap();
    assert_eq!((own.place.member(), own.file_hash), (None, Some(Fingerprint::of(&folder.read("cut.tar")))));
}

/// More members than are handed on at once, in several archives: the order is that of one thread.
#[test]
fn many_members_keep_their_order_whatever_the_threads() {
    let folder = Folder::new();
    let pem = leaked_leaf().pem();
    for archive in 0..3 {
        let entries: Vec<Vec<u8>> =
            (0..9_000).map(|i| file(&format!("{i}"), if i % 1000 == 0 { &pem } else { "x" })).collect();
        folder.write(format!("{archive}.tar"), tar(&entries)).write(format!("{archive}.txt"), "beside");
    }
    let places = |threads| {
        let (found, ledger) = read_with(&folder.at(""), &Options { threads, ..Options::default() });
        assert_eq!((ledger.seen, ledger.read), (27_003, 27));
        found.iter().map(|f| f.place.shown().into_owned()).collect::<Vec<_>>()
    };
    let alone = places(1);
    assert_eq!((&*alone[0], &*alone[8_999], &*alone[9_000]), ("0.tar!/0", "0.tar!/8999", "0.txt"));
    assert!(places(2) == alone && places(5) == alone);
}
