//! Links in a tar: what they lead to is found there too, or it is told why not.

use std::path::PathBuf;

use certrecall::read::{self, Options, Place, Roots};

use super::make::{entry_with, file, gzip, tar, zip};
use super::{read_with, records_of};
use crate::common::pki::leaked_leaf;
use crate::common::{Folder, run};

fn link(kind: u8, name: &str, target: &str) -> Vec<u8> {
    entry_with(kind, name.as_bytes(), 0, b"", |h| {
        h[157..157 + target.len()].copy_from_slice(target.as_bytes())
    })
}

fn key_and_certificate() -> String {
    let leaf = leaked_leaf();
    format!("{}{}", leaf.key.pem(), leaf.pem())
}

#[test]
fn what_is_in_a_file_is_found_at_each_hard_link_to_it() {
    let bundle = key_and_certificate();
    let inner = super::make::stored("x.pem", &bundle);
    let many = leaked_leaf().pem().repeat(65);
    let all = tar(&[
        file("./a/tls.pem", &bundle),
        file("note.txt", "nothing"),
        file("inner.zip", zip(&[inner])),
        file("many.pem", &many),
        link(b'1', "b/tls.pem", "a/tls.pem"),
        link(b'1', "c.pem", "./b//tls.pem"),
        link(b'1', "note", "note.txt"),
        link(b'1', "other.zip", "inner.zip"),
        link(b'1', "much.pem", "many.pem"),
        link(b'1', "early.pem", "late.pem"),
        file("late.pem", &bundle),
    ]);
    let twice = |way: &str| ["private-key", "certificate"].map(|kind| format!("{way} {kind}"));
    let mut want = twice("a/tls.pem").to_vec();
    want.push("note.txt no-pki-content".to_owned());
    want.extend(twice("inner.zip!/x.pem"));
    want.extend(vec!["many.pem certificate".to_owned(); 65]);
    want.extend([twice("b/tls.pem"), twice("c.pem")].concat());
    want.push("note link-in-archive a hard link to note.txt".to_owned());
    want.push(
        "other.zip link-repeated a hard link to inner.zip; what is in it is told only there".to_owned(),
    );
    want.push("much.pem link-repeated a hard link to many.pem; what is in it is told only there".to_owned());
    want.push(
        "early.pem special-file a hard link to late.pem, which is not before it in the archive".to_owned(),
    );
    want.extend(twice("late.pem"));
    let at = |archive: &str| want.iter().map(|record| format!("{archive}!/{record}")).collect::<Vec<_>>();
    assert_eq!(records_of("x.tar", &all), at("x.tar"));
    assert_eq!(records_of("x.tgz", &gzip(&all)), at("x.tgz"));
    // A tar within a tar has names of its own.
    let outer =
        tar(&[file("in.tar", &all), link(b'1', "a.pem", "a/tls.pem"), link(b'1', "again.tar", "in.tar")]);
    let mut nested = at("y.tar!/in.tar");
    nested.push(
        "y.tar!/a.pem special-file a hard link to a/tls.pem, which is not before it in the archive"
            .to_owned(),
    );
    nested.push(
        "y.tar!/again.tar link-repeated a hard link to in.tar; what is in it is told only there".to_owned(),
    );
    assert_eq!(records_of("y.tar", &outer), nested);
}

/// The key is found where the link is, too, and its file has the same hash.
#[test]
fn hard_links_are_found_again() {
    let bundle = key_and_certificate();
    let folder = Folder::new();
    let loops = [link(b'1', "p.pem", "q.pem"), link(b'1', "q.pem", "p.pem")].concat();
    folder.write(
        "x.tar",
        tar(&[file("a.pem", &bundle), link(b'1', "b.pem", "a.pem"), link(b'1', "c.pem", "b.pem"), loops]),
    );
    let roots = Roots::open(&[PathBuf::from(folder.at(""))]).unwrap();
    let keys = |member: &str| {
        let mut count = 0;
        read::each_private_key(&roots, &Place::new(0, b"x.tar").with_member(member), &mut |_, _| count += 1)
            .unwrap();
        count
    };
    assert_eq!(["a.pem", "b.pem", "c.pem", "p.pem"].map(keys), [1, 1, 1, 0]);
    let (found, ledger) = read_with(&folder.at(""), &Options { hash_files: true, ..Options::default() });
    assert_eq!(ledger.read, 6);
    assert!(
        found[..3]
            .iter()
            .all(|f| f.file_hash == found[0].file_hash && f.file_hash.is_some() && f.archive_hash.is_some())
    );
}

#[test]
fn a_link_out_of_the_archive_is_not_passed_over() {
    let scan = |entries: &[Vec<u8>]| {
        let folder = Folder::new();
        folder.write("x.tar", tar(&[&[file("a/tls.pem", leaked_leaf().pem())], entries].concat()));
        let records = records_of("x.tar", &folder.read("x.tar"));
        (records[1..].to_vec(), run(&["scan", &folder.at("x.tar")]).status)
    };
    let (within, complete) = scan(&[link(b'2', "b/tls.pem", "../a/tls.pem"), link(b'2', "c", "a/../a")]);
    assert_eq!(
        within,
        [
            "x.tar!/b/tls.pem link-in-archive a link to ../a/tls.pem",
            "x.tar!/c link-in-archive a link to a/../a"
        ]
    );
    for (name, target) in [("a/key", "/etc/ssl/private/tls.key"), ("a/key", "../../tls.key"), ("key", "..")] {
        let (out, incomplete) = scan(&[link(b'2', name, target)]);
        assert_eq!(out, [format!("x.tar!/{name} special-file a link to {target}")]);
        assert_ne!(incomplete, complete, "{target}");
    }
}
