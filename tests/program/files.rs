//! The door to the disk, through its public face.
#![allow(missing_docs, clippy::unwrap_used)]

use std::error::Error as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use certrecall::files::{Batch, Error, create_private_dir, replace, write_new};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn directories_are_made_with_their_parents() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/b/c");
    assert!(create_private_dir(&path).unwrap());
    assert!(!create_private_dir(&path).unwrap());
    assert_eq!((mode(&path), mode(&root.path().join("a"))), (0o700, 0o700));
}

#[test]
fn what_is_in_the_way_is_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    write_new(&file, b"x").unwrap();
    let below = file.join("below");
    let error = create_private_dir(&below).unwrap_err();
    assert!(
        matches!(&error, Error::CreateDirectory { path, .. } if *path == file || *path == below),
        "{error:?}"
    );
    assert!(error.to_string().starts_with("cannot make the directory \"/") && error.source().is_some());
    for error in [
        write_new(&below, b"").unwrap_err(),
        replace(&below, b"").unwrap_err(),
        write_new(&root.path().join("no/x"), b"").unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.starts_with("cannot ") && !text.ends_with('.') && error.source().is_some(), "{text}");
    }
    assert!(matches!(write_new(Path::new("/"), b"").unwrap_err(), Error::NoName { .. }));
}

#[test]
fn new_files_never_overwrite_and_replacing_is_whole() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("f");
    write_new(&file, b"first").unwrap();
    assert!(matches!(write_new(&file, b"second").unwrap_err(), Error::AlreadyThere { .. }));
    assert_eq!(fs::read(&file).unwrap(), b"first");
    // A dead run left its unfinished file, and the old one was readable by all.
    fs::write(root.path().join(".new-f"), b"half").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    replace(&file, b"third").unwrap();
    assert_eq!((fs::read(&file).unwrap().as_slice(), mode(&file)), (&b"third"[..], 0o600));
    assert_eq!(names(root.path()), ["f"]);
    // A link is replaced, not written through.
    std::os::unix::fs::symlink(&file, root.path().join("link")).unwrap();
    assert!(matches!(write_new(&root.path().join("link"), b"x").unwrap_err(), Error::AlreadyThere { .. }));
    replace(&root.path().join("link"), b"other").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"third");
    // A directory is not replaced by a file, and nothing stays behind.
    fs::create_dir(root.path().join("d")).unwrap();
    assert!(matches!(replace(&root.path().join("d"), b"x").unwrap_err(), Error::Rename { .. }));
    assert_eq!(names(root.path()), ["d", "f", "link"]);
}

#[test]
fn a_batch_places_all_or_says_why() {
    for count in [1usize, 3, 40] {
        let root = tempfile::tempdir().unwrap();
        let batch = Batch::open(root.path()).unwrap();
        let staged: Vec<_> = (0..count)
            .map(|i| (batch.stage(&[("a", b"1"), ("b", b"2")]).unwrap(), format!("n{i:02}")))
            .collect();
        assert!(names(root.path()).iter().all(|n| n.starts_with(".new-")));
        batch.commit(staged).unwrap();
        let found = names(root.path());
        assert_eq!((found.len(), found[0].as_str()), (count, "n00"));
        let one = root.path().join("n00");
        assert_eq!(
            (mode(&one), mode(&one.join("a")), names(&one)),
            (0o700, 0o600, vec!["a".to_owned(), "b".to_owned()])
        );
    }
}

#[test]
fn a_batch_overwrites_nothing_and_drops_what_it_cannot_place() {
    let root = tempfile::tempdir().unwrap();
    let batch = Batch::open(root.path()).unwrap();
    for taken in ["empty", "full"] {
        fs::create_dir(root.path().join(taken)).unwrap();
    }
    fs::write(root.path().join("full/mine"), b"mine").unwrap();
    fs::write(root.path().join("file"), b"mine").unwrap();
    for taken in ["empty", "full", "file"] {
        let staged = vec![
            (batch.stage(&[("a", b"1")]).unwrap(), taken.to_owned()),
            (batch.stage(&[("a", b"1")]).unwrap(), format!("{taken}-ok")),
        ];
        let error = batch.commit(staged).unwrap_err();
        assert!(matches!(&error, Error::AlreadyThere { path } if path.ends_with(taken)), "{error}");
    }
    assert_eq!(names(root.path()), ["empty", "empty-ok", "file", "file-ok", "full", "full-ok"]);
    assert_eq!(
        (names(&root.path().join("full")), names(&root.path().join("empty")).len()),
        (vec!["mine".to_owned()], 0)
    );
}

#[test]
fn leftovers_of_a_dead_run_go_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let dead = root.path().join(".new-0123456789abcdef01234567");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("key.pem"), b"half").unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("keep"), b"").unwrap();
    std::os::unix::fs::symlink(outside.path(), root.path().join(".new-aaaaaaaaaaaaaaaaaaaaaaaa")).unwrap();
    fs::create_dir(root.path().join(".new-notes")).unwrap();
    fs::create_dir(root.path().join("done")).unwrap();
    Batch::open(root.path()).unwrap();
    assert_eq!(names(root.path()), [".new-aaaaaaaaaaaaaaaaaaaaaaaa", ".new-notes", "done"]);
    assert!(outside.path().join("keep").exists());
    // What is staged and then dropped goes too.
    drop(Batch::open(root.path()).unwrap().stage(&[("a", b"1")]).unwrap());
    assert_eq!(names(root.path()).len(), 3);
    assert!(matches!(Batch::open(&root.path().join("no")).unwrap_err(), Error::List { .. }));
}
