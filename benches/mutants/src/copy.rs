//! The copy of the package in which every change is there behind a switch, and the list of those that
//! compile.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Setting;
use crate::points::{self, Enums, Point};

/// What is changed.
const CHANGED: &[&str] = &["src/assess", "src/plan"];

/// What the copy needs.
const COPIED: &[&str] = &["Cargo.toml", "Cargo.lock", "README.md", "clippy.toml", "src", "tests", "data", "docs", "testdata", "examples"];

/// A change that compiles.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// Its number, for the switch.
    pub number: usize,
    /// `src/assess/mod.rs:12`.
    pub place: String,
    /// What becomes of what.
    pub says: String,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}", self.number, self.place, self.says)
    }
}

/// One changed file.
struct File {
    path: PathBuf,
    text: String,
    points: Vec<(usize, Point)>,
    consts: Vec<std::ops::Range<usize>>,
}

/// Writes the copy, leaves out what does not compile, and builds the test binary.
pub fn make(setting: &Setting) -> Result<(), String> {
    let copy = setting.home.join("copy");
    for name in COPIED {
        mirror(Path::new(name), &copy.join(name)).map_err(|e| format!("{name}: {e}"))?;
    }
    let mut files = Vec::new();
    let mut enums = Enums::default();
    for path in sources()? {
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        enums.add(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        files.push(File { path, text, points: Vec::new(), consts: Vec::new() });
    }
    let mut number = 0;
    for file in &mut files {
        let (points, consts) = points::of_file(&file.text, &enums).map_err(|e| format!("{}: {e}", file.path.display()))?;
        file.points = points
            .into_iter()
            .map(|p| {
                number += 1;
                (number - 1, p)
            })
            .collect();
        file.consts = consts;
    }
    eprintln!("{number} changes");
    add_switch(&copy, number)?;
    let kept = setting.home.join("left-out.txt");
    let (mut left_out, digest) = known(&kept, &files);
    loop {
        let mut places = Vec::new();
        for file in &files {
            let (text, of_points) = file.switched(&left_out);
            write_if_other(&copy.join(&file.path), text.as_bytes()).map_err(|e| e.to_string())?;
            places.push((file.path.to_string_lossy().into_owned(), of_points));
        }
        let errors = check(setting, &copy)?;
        if errors.is_empty() {
            break;
        }
        let before = left_out.len();
        for Wrong { path, spans } in &errors {
            let Some((_, points)) = places.iter().find(|(p, _)| p == path) else { return Err(format!("{path}: does not compile")) };
            left_out.extend(blamed(points, spans));
        }
        eprintln!("{} errors, {} changes left out", errors.len(), left_out.len());
        if left_out.len() == before {
            return Err(format!("cannot tell which changes are to blame: {errors:#?}"));
        }
    }
    let numbers: Vec<String> = left_out.iter().map(usize::to_string).collect();
    fs::write(&kept, format!("{digest}\n{}\n", numbers.join("\n"))).map_err(|e| e.to_string())?;
    let list: Vec<String> = files.iter().flat_map(|f| f.listed(&left_out)).map(|m| m.to_string()).collect();
    eprintln!("{} changes compile", list.len());
    fs::write(setting.home.join("list.tsv"), list.join("\n") + "\n").map_err(|e| e.to_string())?;
    build(setting)
}

/// What does not compile, as far as the same sources were tried before; and what tells whether they are the
/// same.
fn known(kept: &Path, files: &[File]) -> (BTreeSet<usize>, String) {
    let mut hasher = std::hash::DefaultHasher::new();
    files.iter().for_each(|f| (&f.path, &f.text, f.points.iter().map(|(_, p)| &p.says).collect::<Vec<_>>()).hash(&mut hasher));
    let digest = format!("{:016x}", hasher.finish());
    let text = fs::read_to_string(kept).unwrap_or_default();
    let known = text.strip_prefix(&digest).map(|rest| rest.lines().filter_map(|l| l.parse().ok()).collect());
    (known.unwrap_or_default(), digest)
}

/// The list that [`make`] wrote.
pub fn read_list(setting: &Setting) -> Result<Vec<Mutant>, String> {
    let text = fs::read_to_string(setting.home.join("list.tsv")).map_err(|e| format!("list.tsv: {e}; run `mutants make` first"))?;
    let one = |line: &str| {
        let mut parts = line.splitn(3, '\t');
        Some(Mutant { number: parts.next()?.parse().ok()?, place: parts.next()?.to_owned(), says: parts.next()?.to_owned() })
    };
    text.lines().map(|line| one(line).ok_or_else(|| format!("list.tsv: {line}"))).collect()
}

/// Builds the test binary; its path is in `binary.txt`.
fn build(setting: &Setting) -> Result<(), String> {
    let mut binary = None;
    let arguments = ["test", "--locked", "--no-run", "--test", &setting.test, "--message-format=json"];
    for message in cargo(setting, &setting.home.join("copy"), &arguments)? {
        if message["reason"] == "compiler-artifact" && message["target"]["name"] == setting.test.as_str() {
            binary = message["executable"].as_str().map(str::to_owned).or(binary);
        }
    }
    let binary = binary.ok_or("the test binary does not build")?;
    fs::write(setting.home.join("binary.txt"), binary).map_err(|e| e.to_string())
}

impl File {
    /// The text with all changes behind switches, and where each is in it.
    fn switched(&self, left_out: &BTreeSet<usize>) -> (String, Vec<(usize, std::ops::Range<usize>)>) {
        // Octets at which something is written, the order of what is written there, the text, and which point
        // it opens or closes.
        let mut edits: Vec<(usize, i64, String, Option<(usize, bool)>)> = Vec::new();
        for (order, (number, point)) in self.points.iter().enumerate().filter(|(_, (number, _))| !left_out.contains(number)) {
            let fill = |text: &str| text.replace("{K}", &number.to_string());
            let order = order as i64;
            // What closes comes before what opens; inner ones close first and open last.
            edits.push((point.range.start, 1 + order, fill(&point.around.0), Some((*number, true))));
            let close = if point.range.is_empty() { 2 + order } else { -order };
            edits.push((point.range.end, close, fill(&point.around.1), Some((*number, false))));
        }
        edits.sort_by_key(|(at, order, ..)| (*at, *order));
        let mut text = self.text.clone();
        for range in &self.consts {
            text.replace_range(range.clone(), &" ".repeat(range.len()));
        }
        let (mut out, mut from) = (String::new(), 0);
        let mut opened: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
        for (at, _, written, point) in edits {
            out.push_str(&text[from..at]);
            from = at;
            if let Some((number, true)) = point {
                opened.push((number, out.len()..0));
            }
            out.push_str(&written);
            if let Some((number, false)) = point
                && let Some((_, range)) = opened.iter_mut().rev().find(|(n, _)| *n == number)
            {
                range.end = out.len();
            }
        }
        out.push_str(&text[from..]);
        (out, opened)
    }

    fn listed(&self, left_out: &BTreeSet<usize>) -> Vec<Mutant> {
        let of = |(number, point): &(usize, Point)| {
            let line = self.text[..point.range.start].matches('\n').count() + 1;
            Mutant { number: *number, place: format!("{}:{line}", self.path.display()), says: point.says.clone() }
        };
        self.points.iter().filter(|(number, _)| !left_out.contains(number)).map(of).collect()
    }
}

/// The innermost change around an error, or around something else that the compiler points at; else those
/// that it is around, or that are near it.
fn blamed(points: &[(usize, std::ops::Range<usize>)], spans: &[std::ops::Range<usize>]) -> Vec<usize> {
    let around = |at: &std::ops::Range<usize>| points.iter().filter(|(_, r)| r.start <= at.start && at.end <= r.end).min_by_key(|(_, r)| r.len());
    if let Some((number, _)) = spans.iter().find_map(around) {
        return vec![*number];
    }
    let near = |at: &std::ops::Range<usize>, by: usize| {
        let (from, to) = (at.start.saturating_sub(by), at.end + by);
        points.iter().filter(|(_, r)| from <= r.start && r.end <= to).map(|(number, _)| *number).collect::<Vec<_>>()
    };
    let Some(at) = spans.first() else { return Vec::new() };
    [0, 100, 300, 1000].into_iter().map(|by| near(at, by)).find(|near| !near.is_empty()).unwrap_or_default()
}

/// An error of the library: its file, and the octets that the compiler points at, the place of the error
/// first.
#[derive(Debug)]
struct Wrong {
    path: String,
    spans: Vec<std::ops::Range<usize>>,
}

fn check(setting: &Setting, copy: &Path) -> Result<Vec<Wrong>, String> {
    let mut out = Vec::new();
    for message in cargo(setting, copy, &["check", "--locked", "--lib", "--message-format=json"])? {
        let message = &message["message"];
        let Some(all) = message["spans"].as_array().filter(|_| message["level"] == "error") else { continue };
        let Some(first) = all.iter().find(|s| s["is_primary"] == true) else { continue };
        let range = |s: &Value| s["byte_start"].as_u64().unwrap_or_default() as usize..s["byte_end"].as_u64().unwrap_or_default() as usize;
        let others = all.iter().filter(|s| s["is_primary"] == false && s["file_name"] == first["file_name"]);
        let spans = std::iter::once(first).chain(others).map(range).collect();
        out.push(Wrong { path: first["file_name"].as_str().unwrap_or_default().to_owned(), spans });
    }
    Ok(out)
}

/// The messages of cargo, which may fail.
fn cargo(setting: &Setting, folder: &Path, arguments: &[&str]) -> Result<Vec<Value>, String> {
    let program = std::env::var("MUTANTS_CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", setting.home.join("target"));
    let output = command.stderr(std::process::Stdio::inherit()).output().map_err(|e| format!("cargo: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let has_error = messages.iter().any(|m| m["message"]["level"] == "error");
    if !output.status.success() && !has_error {
        return Err("cargo failed".to_owned());
    }
    Ok(messages)
}

/// The sources that are changed, in order.
fn sources() -> Result<Vec<PathBuf>, String> {
    let (mut out, mut folders) = (Vec::new(), CHANGED.iter().map(PathBuf::from).collect::<Vec<_>>());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))? {
            let path = entry.map_err(|e| e.to_string())?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|n| n != "tests.rs") {
                out.push(path);
            }
        }
    }
    out.sort();
    Ok(out)
}

/// The switch, in the library of the copy.
fn add_switch(copy: &Path, count: usize) -> Result<(), String> {
    let path = copy.join("src/lib.rs");
    let text = fs::read_to_string("src/lib.rs").map_err(|e| e.to_string())?;
    let switch = include_str!("switch.rs.txt").replace("{COUNT}", &count.to_string());
    // Attributes of the crate come first, behind what documents it.
    let begin = text.lines().take_while(|l| l.starts_with("//!") || l.trim().is_empty()).map(|l| l.len() + 1).sum::<usize>();
    let text = format!(
        "{}#![allow(warnings, clippy::all, arithmetic_overflow, unconditional_panic, overflowing_literals, unconditional_recursion)]\n{}\n{switch}",
        &text[..begin],
        &text[begin..]
    );
    write_if_other(&path, text.as_bytes()).map_err(|e| e.to_string())
}

/// Copies a file or a folder, and keeps the times of what is the same already; the changed files are written
/// later.
fn mirror(from: &Path, to: &Path) -> std::io::Result<()> {
    if CHANGED.iter().any(|c| from.starts_with(c)) && from.extension().is_some_and(|e| e == "rs") && to.exists() || from == Path::new("src/lib.rs") {
        return Ok(());
    }
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            mirror(&from.join(&name), &to.join(&name))?;
        }
        for entry in fs::read_dir(to)? {
            let name = entry?.file_name();
            if !from.join(&name).exists() {
                let path = to.join(&name);
                if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
            }
        }
        return Ok(());
    }
    write_if_other(to, &fs::read(from)?)
}

fn write_if_other(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, content)
}
