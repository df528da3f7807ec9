//! What people read, as a whole: standard output, standard error and status of every command, its help, and
//! the files of a case. A change of wording is a diff of a `.snap` file (`cargo insta review`, or
//! `INSTA_UPDATE=always cargo test --test snapshots`), to be read before it is kept.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use common::{Folder, Ran, certrecall, everything};
use insta::assert_snapshot;
use serde_json::Value;

/// When the incident is looked at: a day that stays.
const NOW: &str = "2026-11-20";

/// A folder with the incident of `testdata`, in which commands run.
struct Session {
    folder: Folder,
}

impl Session {
    fn new() -> Self {
        let folder = Folder::new();
        let incident = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/incident");
        for (path, _) in everything(&incident).into_iter().filter(|(_, meta)| meta.is_file()) {
            let name = path.strip_prefix(&incident).unwrap_or(&path);
            folder.write_changed(name, fs::read(incident.join(name)).unwrap(), "2026-01-05T00:00:00Z");
        }
        Self { folder }
    }

    /// The same with a case that was planned, and keys that were made.
    fn with_case() -> Self {
        let session = Self::new();
        let ran = session.run(&["run", "uploads", "--manifest", "uploads.csv", "-o", "case", "--as-of", NOW]);
        assert_eq!(ran.status, 3, "an encrypted key and a broken one are in it: {}", ran.stderr);
        session
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = certrecall();
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("COLUMNS", "100")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("CLICOLOR_FORCE")
            .env("USER", "alice");
        command.output().unwrap().into()
    }

    /// What a terminal would show, and the exit status.
    fn shown(&self, arguments: &[&str]) -> String {
        let Ran { status, stdout, stderr } = self.run(arguments);
        let mut out = format!("$ certrecall {}\nexit status {status}\n", arguments.join(" "));
        for (name, text) in [("standard output", stdout), ("standard error", stderr)] {
            if !text.is_empty() {
                let _ = write!(out, "--- {name}\n{text}");
            }
        }
        self.settled(&out)
    }

    fn all_shown(&self, commands: &[&[&str]]) -> String {
        commands.iter().map(|c| self.shown(c)).collect::<Vec<_>>().join("\n")
    }

    fn file(&self, path: &str) -> String {
        self.settled(&self.folder.text(path))
    }

    /// Without what differs from run to run: the folder, the hashes of new keys, the time of day, the user.
    fn settled(&self, text: &str) -> String {
        let mut text = text.replace(&self.folder.path().display().to_string(), "[folder]");
        for replacement in
            fs::read_dir(self.folder.path().join("case/replacements")).into_iter().flatten().flatten()
        {
            let name = replacement.file_name().to_string_lossy().into_owned();
            let (host, hash) = name.rsplit_once('-').unwrap_or((&name, ""));
            text = text.replace(&name, &format!("{host}-[new key]"));
            // The whole hash begins with that.
            while let Some(at) = text.find(hash).filter(|_| hash.len() == 12) {
                let end = text[at..].find(|c: char| !c.is_ascii_hexdigit()).map_or(text.len(), |n| at + n);
                text.replace_range(at..end, "[new key]");
            }
        }
        text
    }
}

/// Replaces what is no part of the wording.
fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("seen");
    settings.add_filter(r"since 20\d\d-\d\d-\d\d\b", "since [today]");
    settings.add_filter(r"2026-1[12]-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[now]");
    settings.add_filter(r"20(2[7-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[later]");
    settings.add_filter(r"its SHA-256 \(DER\) is [0-9a-f]{64}", "its SHA-256 (DER) is [hash]");
    settings.add_filter(r"request: LS0t[A-Za-z0-9+/=]+", "request: [request]");
    settings.add_filter(r"certrecall \d+\.\d+\.\d+", "certrecall [version]");
    settings
}

const COMMANDS: &[&str] =
    &["run", "scan", "plan", "rekey", "complete", "mark", "status", "explain", "demo", "incident"];

#[test]
fn help() {
    let session = Session::new();
    settings().bind(|| {
        assert_snapshot!("help", session.shown(&["--help"]));
        for command in COMMANDS {
            assert_snapshot!(format!("help-{command}"), session.shown(&[command, "--help"]));
        }
    });
}

#[test]
fn an_incident_from_the_first_run_to_the_last_mark() {
    let session = Session::new();
    settings().bind(|| {
        assert_snapshot!(
            "run",
            session.shown(&["run", "uploads", "--manifest", "uploads.csv", "-o", "case", "--as-of", NOW])
        );
        assert_snapshot!("plan.md", session.file("case/plan.md"));
        assert_snapshot!("findings", findings(&session.folder.json("case/plan.json")));
        let mut handoff =
            fs::read_dir(session.folder.path().join("case/replacements")).unwrap().map(|e| e.unwrap().path());
        let handoff =
            handoff.find(|p| p.file_name().unwrap().to_string_lossy().starts_with("support.globex")).unwrap();
        assert_snapshot!(
            "handoff.md",
            session.settled(&fs::read_to_string(handoff.join("handoff.md")).unwrap())
        );
        assert_snapshot!("run-again", session.shown(&["run", "-o", "case", "--as-of", NOW]));
        assert_snapshot!("status", session.shown(&["status", "case", "--as-of", NOW]));
        assert_snapshot!(
            "status-by",
            session.all_shown(&[
                &["status", "case", "--by", "account", "--as-of", NOW],
                &["status", "case", "--by", "ca", "--as-of", NOW]
            ])
        );
        assert_snapshot!("explain-host", session.shown(&["explain", "case", "support.globex.example"]));
        assert_snapshot!("explain-account", session.shown(&["explain", "case", "globex"]));
        let searched = [
            "mark",
            "case",
            "--host",
            "support.globex.example",
            "--kind",
            "search",
            "searched",
            "--reason",
            "crt.sh has no other",
            "--by",
            "alice",
            "--at",
            "2026-11-21T08:00:00Z",
        ];
        assert_snapshot!("mark", session.all_shown(&[&searched, &searched]));
        assert_snapshot!("explain-after-mark", session.shown(&["explain", "case", "support.globex.example"]));
    });
}

#[test]
fn inventories() {
    let session = Session::new();
    settings().bind(|| {
        assert_snapshot!("scan", session.shown(&["scan", "uploads"]));
        assert_snapshot!("scan-all", session.shown(&["scan", "--all", "uploads/initech", "uploads.csv"]));
        for format in ["json", "ndjson", "csv"] {
            assert_snapshot!(
                format!("scan-{format}"),
                session.shown(&["scan", "--format", format, "uploads/umbrella"])
            );
        }
    });
}

#[test]
fn answers_of_a_ca() {
    let session = Session::with_case();
    fs::create_dir(session.folder.path().join("issued")).unwrap();
    session
        .folder
        .write("issued/old.pem", session.folder.read("uploads/globex/support.globex.example-new.pem"));
    settings().bind(|| {
        assert_snapshot!("complete-nothing-new", session.shown(&["complete", "case", "issued"]));
        assert_snapshot!("rekey-show", session.shown(&["rekey", "case", "--show", "support.globex.example"]));
        assert_snapshot!("rekey-again", session.shown(&["rekey", "case"]));
    });
}

#[test]
fn profiles_and_practice() {
    let session = Session::new();
    settings().bind(|| {
        assert_snapshot!("incident", session.all_shown(&[&["incident"], &["incident", "zendesk-2016"]]));
        assert_snapshot!("demo", session.shown(&["demo", "practice"]));
    });
}

#[test]
fn wrong_usage_has_a_way_out() {
    let session = Session::with_case();
    fs::write(session.folder.path().join("names.csv"), "colour,size\nred,3\n").unwrap();
    fs::write(session.folder.path().join("empty.csv"), "").unwrap();
    fs::create_dir(session.folder.path().join("nothing")).unwrap();
    settings().bind(|| {
        assert_snapshot!(
            "wrong",
            session.all_shown(&[
                &[],
                &["scan"],
                &["scan", "missing"],
                &["plan", "missing", "-o", "other"],
                &["plan", "uploads", "-o", "uploads"],
                &["plan", "uploads", "-o", "other", "--cutoff", "yesterday"],
                &["plan", "uploads", "-o", "other", "--uploaded", "2016-11-03..2016-11-01"],
                &["plan", "uploads", "-o", "other", "--incident", "heartblead"],
                &["plan", "uploads", "-o", "other", "--manifest", "names.csv"],
                &["plan", "uploads", "-o", "other", "--manifest", "empty.csv"],
                &[
                    "plan",
                    "uploads",
                    "-o",
                    "other",
                    "--manifest",
                    "uploads.csv",
                    "--map",
                    "uploadd_at=uploaded_at"
                ],
                &["plan", "nothing", "-o", "other", "--as-of", NOW],
                &["plan", "uploads/acme", "-o", "case"],
                &["status", "uploads"],
                &["explain", "case", "nobody.example"],
                &["mark", "case", "0000000000000000", "done", "--reason", "x"],
                &["mark", "case", "--host", "nobody.example", "searched", "--reason", "x"],
                &["rekey", "case", "--key", "rsa-1024"],
                &["complete", "case", "missing"],
                &["incident", "heartbleed"],
            ])
        );
    });
}

/// Code, place and words of each finding.
fn findings(plan: &Value) -> String {
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    let line = |f: &Value| format!("{}  {}\n    {}\n", text(f, "code"), text(f, "place"), text(f, "message"));
    plan["findings"].as_array().unwrap().iter().map(line).collect()
}
