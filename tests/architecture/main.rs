//! Guards the floors of the library: imports go down only, and what talks to the world does so through its
//! own door.
#![allow(missing_docs, clippy::unwrap_used)]

mod circles;
mod modules;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules and their floors. What is on one floor does not import its neighbours, but for the exceptions
/// of [`may_import`].
const FLOORS: &[(&str, u8)] = &[
    ("id", 0),
    ("oid", 0),
    ("secret", 0),
    ("limits", 0),
    ("parallel", 0),
    ("shell", 0),
    ("finding", 0),
    ("text", 0),
    ("time", 0),
    ("pki", 1),
    ("read", 2),
    ("inventory", 3),
    ("assess", 4),
    ("plan", 5),
    ("engine", 6),
    ("files", 6),
    ("net", 6),
    ("rekey", 6),
    ("revoke", 6),
    ("verify", 6),
    ("report", 7),
    ("store", 7),
    ("case", 8),
    ("demo", 8),
];

/// The stages that touch the world do not import one another; the doors they go through are open to all of
/// them.
const DOORS: &[&str] = &["files", "net"];

fn floor(module: &str) -> u8 {
    FLOORS.iter().find(|(name, _)| *name == module).unwrap_or_else(|| panic!("src/{module} is on no floor")).1
}

fn may_import(from: &str, to: &str) -> bool {
    let (upper, lower) = (floor(from), floor(to));
    match from == to {
        true => true,
        // The words know each other and nothing else.
        false if upper == 0 => lower == 0,
        false if upper == 6 => lower < 6 || DOORS.contains(&to) && !DOORS.contains(&from),
        // The side halls read the model; each may need a word of the other, no stage needs either.
        false if upper == 7 => lower <= 7,
        false => lower < upper,
    }
}

/// A source file: its path, the module it lies in, and its code without comments, strings and tests.
struct Source {
    path: PathBuf,
    module: String,
    depth: usize,
    code: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut out = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let relative = path.strip_prefix(&root).unwrap().with_extension("");
                let mut parts: Vec<String> =
                    relative.iter().map(|p| p.to_str().unwrap().to_owned()).collect();
                if parts.last().is_some_and(|p| p == "mod") {
                    parts.pop();
                }
                let text = fs::read_to_string(&path).unwrap();
                let test_file = parts.last().is_some_and(|p| p == "tests");
                let code = if test_file { String::new() } else { bare(&text) };
                out.push(Source {
                    path: path.strip_prefix(&root).unwrap().to_owned(),
                    module: parts[0].clone(),
                    depth: parts.len(),
                    code,
                    text,
                });
            }
        }
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(out.len() > 30, "the sources were found");
    out
}

/// Those of the library: the command line is above it.
fn library() -> Vec<Source> {
    sources().into_iter().filter(|s| !matches!(s.module.as_str(), "cli" | "main")).collect()
}

/// Code without comments, the contents of strings, and the module of unit tests at the end.
fn bare(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut out = String::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
        let mut within = false;
        let mut escaped = false;
        let mut previous = ' ';
        for c in line.chars() {
            match c {
                '"' if !escaped && previous != '\'' => within = !within,
                '/' if !within && previous == '/' => break,
                _ if !within => out.push(c),
                _ => {}
            }
            escaped = c == '\\' && !escaped;
            previous = c;
        }
        out.push('\n');
    }
    out
}

/// Every top-level module that a file names: by `crate::x`, by `crate::{x::y, z}`, and by as many `super::`
/// as lead out of its own.
fn imports(source: &Source) -> BTreeSet<String> {
    let up = "super::".repeat(source.depth);
    let mut out = BTreeSet::new();
    for start in ["crate::", &up] {
        let mut rest = source.code.as_str();
        while let Some(at) = rest.find(start) {
            let further_up = rest[..at].ends_with("super::");
            let word_before = rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
            rest = &rest[at + start.len()..];
            if !further_up && !word_before {
                out.extend(first_segments(rest));
            }
        }
    }
    out.retain(|name| FLOORS.iter().any(|(module, _)| module == name));
    out
}

/// `a::b` gives `a`; `{a::b, c::{d, e}}` gives `a` and `c`.
fn first_segments(path: &str) -> Vec<String> {
    let word = |text: &str| {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let mut out = vec![word(group)];
    let mut depth = 0;
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => out.push(word(&group[i + 1..])),
            _ => {}
        }
    }
    out
}

#[test]
fn the_reader_of_imports_reads_them() {
    let source = |depth, code: &str| Source {
        path: PathBuf::new(),
        module: "pki".into(),
        depth,
        code: bare(code),
        text: String::new(),
    };
    let names = |s: &Source| imports(s).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(
        names(&source(1, "use crate::{id::X, plan::{a, report}, time};\nfn f() { crate::files::g() }")),
        "files id plan time"
    );
    assert_eq!(
        names(&source(
            2,
            "use super::super::store::Case;\nuse super::name;\npub(crate) use super::super::{read, id};"
        )),
        "id read store"
    );
    assert_eq!(
        names(&source(
            1,
            "// crate::plan\nlet x = \"crate::store\"; // crate::rekey\n#[cfg(test)]\nmod tests { use crate::plan; }"
        )),
        ""
    );
    assert!(may_import("rekey", "files") && !may_import("rekey", "revoke") && !may_import("files", "rekey"));
    assert!(!may_import("read", "inventory") && !may_import("id", "pki") && may_import("id", "time"));
}

#[test]
fn imports_go_down_only() {
    let mut wrong = Vec::new();
    for source in library().iter().filter(|s| s.module != "lib") {
        for name in imports(source).iter().filter(|name| !may_import(&source.module, name)) {
            wrong.push(format!("src/{} imports {name}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_is_on_a_floor_and_every_floor_is_built() {
    let modules: BTreeSet<String> = library().into_iter().map(|s| s.module).filter(|m| m != "lib").collect();
    modules.iter().for_each(|m| assert!(floor(m) <= 8));
    let built: BTreeSet<u8> = modules.iter().map(|m| floor(m)).collect();
    assert_eq!(built, (0..=8).collect());
}

/// Where in the library these words are written.
fn places(words: &[&str], sources: &[Source]) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources {
        for word in words.iter().filter(|w| source.code.contains(*w)) {
            out.entry(source.path.display().to_string()).or_default().push((*word).to_owned());
        }
    }
    out
}

#[test]
fn the_library_neither_prints_nor_exits() {
    let words = [
        "println!",
        "print!",
        "dbg!",
        "process::exit",
        "process::abort",
        "io::stdout",
        "io::stderr",
        "unsafe {",
    ];
    assert_eq!(places(&words, &library()), BTreeMap::new());
}

#[test]
fn the_words_and_the_judges_do_no_io_and_read_no_clock() {
    let pure: Vec<Source> = library()
        .into_iter()
        .filter(|s| s.module != "lib" && matches!(floor(&s.module), 0 | 1 | 3..=5))
        .collect();
    let words = [
        "std::fs",
        "fs::read",
        "File::",
        "TcpStream",
        "UdpSocket",
        "ToSocketAddrs",
        "std::env",
        "SystemTime",
        "Instant::",
        "Utc::now",
        "Local::now",
        "std::process",
    ];
    assert_eq!(places(&words, &pure), BTreeMap::new());
}

#[test]
fn object_identifiers_have_one_file() {
    // How octets of one begin: the first arcs of ITU-T and ISO that certificates use.
    let begin =
        ["[0x09, 0x92", "[0x2a, 0x8", "[0x2b, 0x", "[0x55, 0x", "[0x60, 0x86", "[0x67, 0x", "new_unwrap("];
    let elsewhere: Vec<Source> = library().into_iter().filter(|s| s.module != "oid").collect();
    assert_eq!(places(&begin, &elsewhere), BTreeMap::new());
}

#[test]
fn dependencies_have_their_doors() {
    let library = library();
    let files = |word: &str| {
        library
            .iter()
            .filter(|s| s.code.contains(word))
            .map(|s| s.path.display().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(files("rustls_pemfile").len(), 1, "one module imports it: {:?}", files("rustls_pemfile"));
    assert!(files("x509_parser").iter().all(|f| f.starts_with("pki/")), "{:?}", files("x509_parser"));
    assert!(!files("x509_parser").is_empty());
    assert!(
        files("rusqlite").iter().all(|f| f.starts_with("store/db")),
        "no SQL outside of the store: {:?}",
        files("rusqlite")
    );
    for door in ["rawzip", "miniz_oxide"] {
        assert!(
            !files(door).is_empty() && files(door).iter().all(|f| f.starts_with("read/archive")),
            "archives are opened in one place: {:?}",
            files(door)
        );
    }
    for above in ["clap", "comfy_table", "indicatif"] {
        assert!(
            !library.iter().any(|s| s.code.contains(&format!("{above}::"))),
            "the library is whole without {above}"
        );
    }
    // Writing goes through one door.
    let writing =
        ["fs::write", "File::create", "OpenOptions", "fs::rename", "fs::remove", "create_dir", "DirBuilder"];
    let writers: Vec<String> =
        places(&writing, &library).into_keys().filter(|f| !f.starts_with("files")).collect();
    assert_eq!(
        writers.iter().filter(|f| !f.starts_with("read/") && !f.starts_with("store/")).count(),
        0,
        "{writers:?}"
    );
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|s| {
            !s.text.starts_with("//!") && !s.text.starts_with("#![doc =") && !s.path.ends_with("tests.rs")
        })
        .map(|s| s.path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}
