//! No circles of imports between files: whoever reads one file needs to know those below it, and no others.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::modules::{Crate, Graph};

/// The circles of a graph, each a set of files that use one another; the smallest such sets that are closed.
fn circles(graph: &Graph) -> Vec<BTreeSet<PathBuf>> {
    let reached = |from: &PathBuf| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(file) = open.pop() {
            open.extend(
                graph.get(file).into_iter().flat_map(|u| u.keys()).filter(|f| seen.insert((*f).clone())),
            );
        }
        seen
    };
    let reached: Vec<_> = graph.keys().map(|file| (file, reached(file))).collect();
    let below = |file: &PathBuf| &reached[reached.binary_search_by_key(&file, |(f, _)| f).unwrap()].1;
    let mut out = BTreeSet::new();
    for (file, seen) in reached.iter().filter(|(file, seen)| seen.contains(*file)) {
        out.insert(seen.iter().filter(|f| below(f).contains(*file)).cloned().collect::<BTreeSet<_>>());
    }
    out.into_iter().collect()
}

/// The folder that has all files of a circle.
fn folder(circle: &BTreeSet<PathBuf>) -> PathBuf {
    let mut folder = circle.first().unwrap().with_extension("");
    while !circle.iter().all(|f| f.with_extension("").starts_with(&folder)) {
        folder.pop();
    }
    folder
}

/// A circle with what ties it, for whoever opens it.
fn shown(circle: &BTreeSet<PathBuf>, graph: &Graph) -> String {
    let mut out = format!("{} files in {}:", circle.len(), folder(circle).display());
    for file in circle {
        for (used, names) in graph[file].iter().filter(|(used, _)| circle.contains(*used)) {
            let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            write!(out, "\n  {} -> {}: {names}", file.display(), used.display()).unwrap();
        }
    }
    out
}

fn graphs() -> Vec<Graph> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |file: &Path| fs::read_to_string(src.join(file)).ok();
    ["lib.rs", "main.rs"].iter().map(|root| Crate::load(Path::new(root), &read).graph()).collect()
}

#[test]
fn no_circles_between_files() {
    let found: Vec<String> = graphs()
        .iter()
        .flat_map(|graph| circles(graph).iter().map(|circle| shown(circle, graph)).collect::<Vec<_>>())
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_file_is_in_the_graph() {
    let files: BTreeSet<PathBuf> = graphs().into_iter().flat_map(|g| g.into_keys()).collect();
    let missing: Vec<_> = crate::sources()
        .into_iter()
        .filter(|s| !s.path.ends_with("tests.rs") && !files.contains(&s.path))
        .map(|s| s.path)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(graphs()[0].values().map(|used| used.len()).sum::<usize>() > 500, "the imports were found");
}

fn graph_of(files: &[(&str, &str)]) -> Graph {
    let read = |path: &Path| {
        files.iter().find(|(file, _)| Path::new(file) == path).map(|(_, text)| (*text).to_owned())
    };
    Crate::load(Path::new("lib.rs"), &read).graph()
}

/// The files that one file uses.
fn uses(graph: &Graph, file: &str) -> String {
    graph[Path::new(file)].keys().map(|f| f.to_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn an_import_leads_to_the_file_that_defines_the_item() {
    let graph = graph_of(&[
        ("lib.rs", "mod a; pub mod b; mod c;"),
        ("a/mod.rs", "mod one; mod two; pub use one::One; use two::Two as Zwei; pub struct Own;"),
        ("a/one.rs", "pub struct One; fn f(x: super::two::Two) {}"),
        ("a/two.rs", "pub struct Two; fn own() -> super::Own { todo!() }"),
        ("b.rs", "use crate::{a::{self, One}, c}; fn f() { c::deep::inner(); a::unknown() }"),
        ("c.rs", "pub mod deep; fn g() { use crate::a::Zwei; }"),
        (
            "c/deep.rs",
            "pub fn inner() { super::super::b::f() } // crate::a::Own\n const S: &str = \"crate::a::Own\";",
        ),
    ]);
    assert_eq!(uses(&graph, "lib.rs"), "");
    assert_eq!(uses(&graph, "a/mod.rs"), "a/one.rs a/two.rs");
    assert_eq!(uses(&graph, "a/one.rs"), "a/two.rs");
    assert_eq!(uses(&graph, "a/two.rs"), "a/mod.rs");
    assert_eq!(uses(&graph, "b.rs"), "a/mod.rs a/one.rs c/deep.rs");
    assert_eq!(uses(&graph, "c.rs"), "a/two.rs");
    assert_eq!(uses(&graph, "c/deep.rs"), "b.rs");
    let circles = circles(&graph);
    assert_eq!(circles.iter().map(folder).collect::<Vec<_>>(), [Path::new("a"), Path::new("")]);
}

#[test]
fn tests_are_no_part_of_a_circle() {
    let graph = graph_of(&[
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "#[cfg(test)]\nmod tests; #[cfg(test)] mod more { use crate::b::B; } pub struct A<'a>(&'a char, ['\"', 'b']);",
        ),
        ("b.rs", "use crate::a::A; #[cfg(test)] fn f() { crate::c::f() } pub struct B; r#\"crate::a\"#;"),
    ]);
    assert_eq!(uses(&graph, "a.rs"), "");
    assert_eq!(uses(&graph, "b.rs"), "a.rs");
    assert!(circles(&graph).is_empty());
}
