//! Marks: who is recorded, which steps a selection takes, and when it asks.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

use crate::Incident;
use crate::common::{Ran, certrecall, everything, for_anybody, ran_as, run};

/// The marks recorded, newest first.
fn recorded(incident: &Incident) -> Vec<Value> {
    let status: Value =
        serde_json::from_str(&run(&["status", &incident.path("case"), "--format", "json"]).stdout).unwrap();
    status["words"].as_array().unwrap().clone()
}

#[test]
fn the_user_that_the_system_knows_is_recorded_whatever_the_environment() {
    let incident = Incident::new();
    incident.plan();
    let (search, case) = (incident.id("search", "a.example"), incident.path("case"));
    let mark = ["mark", &case, &search, "searched", "--reason", "x"];
    let ran: Ran =
        certrecall().args(mark).env("USER", "mallory").env("LOGNAME", "mallory").output().unwrap().into();
    assert_eq!((ran.status, ran.stderr.contains("warning")), (0, false), "{ran:?}");
    let name = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    assert_eq!(recorded(&incident)[0]["by"], name.trim());
    if fs::metadata(incident.folder.path()).unwrap().uid() != 0 {
        // Only root can run a program as a user without a name.
        return;
    }
    // A user that the system has no name for.
    for (path, _) in everything(incident.folder.path()) {
        chown(incident.folder.path().join(path), Some(54_321), Some(54_321)).unwrap();
    }
    fs::set_permissions(incident.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (user, by, warning) in [
        (Some("ada"), "ada", "recorded as \"ada\", from $USER"),
        (None, "uid 54321", "recorded as \"uid 54321\", from the user ID"),
    ] {
        let mut command = Command::new(for_anybody(&incident.folder));
        command.args(mark).env_remove("USER").env_remove("LOGNAME").uid(54_321).gid(54_321);
        user.iter().for_each(|name| {
            command.env("USER", name);
        });
        let ran = ran_as(&mut command);
        assert!(ran.status == 0 && ran.stderr.contains(warning) && ran.stderr.contains("--by"), "{ran:?}");
        let mut status = Command::new(for_anybody(&incident.folder));
        let status = ran_as(status.args(["status", &case, "--format", "json"]).uid(54_321).gid(54_321));
        let status: Value = serde_json::from_str(&status.stdout).unwrap();
        assert_eq!(status["words"][0]["by"], by);
    }
}

/// The same incident, with accounts.
fn with_accounts() -> Incident {
    let incident = Incident::new();
    fs::write(
        incident.path("uploads.csv"),
        "path,uploaded_at,account\na.pem,2016-01-01,acme\nb.pem,2016-01-01,globex\n",
    )
    .unwrap();
    let ran = run(&[
        "plan",
        &incident.path("uploads"),
        "-o",
        &incident.path("case"),
        "--manifest",
        &incident.path("uploads.csv"),
        "--as-of",
        "2026-11-20",
    ]);
    assert_eq!(ran.status, 1, "{ran:?}");
    incident
}

fn select(incident: &Incident, selection: &[&str]) -> Ran {
    let case = incident.path("case");
    let mut arguments = vec!["mark", &case];
    arguments.extend(selection);
    arguments.extend(["--reason", "because", "--by", "Ada"]);
    run(&arguments)
}

#[test]
fn a_selection_marks_what_is_open_and_fits_and_lists_it_before() {
    let incident = with_accounts();
    let (search, revoke) = (incident.id("search", "a.example"), incident.id("revoke", "a.example"));
    // One step alone needs no question.
    let ran = select(&incident, &["--host", "A.EXAMPLE", "searched"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("1 step selected by --host \"A.EXAMPLE\"; left out: ")
            && ran.stderr.contains("of a kind that cannot be searched"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains(&format!("  {search} (ready): "))
            && ran.stderr.contains(&format!("{search} is done")),
        "{ran:?}"
    );
    assert_eq!(incident.step("search", "b.example")["status"], "ready", "another host");
    // It is done: nothing is left of the selection, and it says why.
    let again = select(&incident, &["--host", "a.example", "--kind", "search", "searched"]);
    assert!(again.status == 2 && again.stderr.contains("can be marked: 1 done or waived"), "{again:?}");
    for nothing in [["--host", "c.example"], ["--account", "ACME"], ["--ca", "no-such-ca"]] {
        let ran = select(&incident, &[nothing[0], nothing[1], "waived", "--yes"]);
        assert!(ran.status == 2 && ran.stderr.contains("no step of the plan matches"), "{ran:?}");
    }
    // Several: no terminal, so --yes is needed, and nothing is marked without.
    let before = recorded(&incident).len();
    let ran = select(&incident, &["--account", "acme", "waived"]);
    assert!(
        ran.status == 2 && ran.stderr.contains("--yes") && ran.stderr.contains("nothing was marked"),
        "{ran:?}"
    );
    assert_eq!(recorded(&incident).len(), before);
    let ran = select(&incident, &["--account", "acme", "waived", "--yes"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.stderr.contains("left out: 1 done or waived"), "{ran:?}");
    assert_eq!(
        (
            incident.step("revoke", "a.example")["status"].clone(),
            incident.step("revoke", "b.example")["status"].clone()
        ),
        ("waived".into(), "waiting".into())
    );
    // Reopening takes what is done or waived.
    let ran = select(&incident, &["--account", "acme", "--kind", "revoke", "reopened"]);
    assert!(ran.status == 0 && ran.stderr.contains(&format!("{revoke} is ready")), "{ran:?}");
}

#[test]
fn a_selection_by_ca_takes_its_id_or_its_name() {
    let incident = with_accounts();
    let plan = incident.json();
    let revoke = incident.step("revoke", "b.example");
    let id = revoke["authority"].as_str().unwrap();
    let authority = plan["authorities"].as_array().unwrap().iter().find(|a| a["id"] == id).unwrap();
    for name in [id.to_owned(), authority["name"].as_str().unwrap().to_uppercase()] {
        let ran = select(&incident, &["--ca", &name, "--kind", "revoke", "sent"]);
        assert!(ran.status == 0 && ran.stderr.contains(revoke["id"].as_str().unwrap()), "{ran:?}");
        assert_eq!(select(&incident, &["--ca", &name, "--kind", "revoke", "reopened"]).status, 0);
    }
    // What waits is not ready.
    let ran = select(&incident, &["--ca", id, "--kind", "revoke", "--ready", "sent"]);
    assert!(ran.status == 2 && ran.stderr.contains("no step of the plan matches"), "{ran:?}");
}

#[test]
fn steps_are_named_or_selected_but_not_both() {
    let incident = Incident::new();
    incident.plan();
    let search = incident.id("search", "a.example");
    for arguments in [&["searched"][..], &[&search, "searched", "--kind", "search"]] {
        let ran = select(&incident, arguments);
        assert!(ran.status == 2 && ran.stderr.contains("one of the two"), "{ran:?}");
    }
    let ran = select(&incident, &["--kind", "serch", "searched"]);
    assert!(
        ran.status == 2 && ran.stderr.contains("is not a kind of step; write decide, deploy, inspect"),
        "{ran:?}"
    );
}

/// A command on a terminal, and the terminal's other end.
fn on_a_terminal(incident: &Incident, selection: &[&str]) -> (Child, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let end = || {
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits().cast_signed())
            .open(name.to_str().unwrap())
            .unwrap()
    };
    let case = incident.path("case");
    let arguments = [&["mark", &case][..], selection, &["--reason", "because", "--by", "Ada"]].concat();
    let child =
        certrecall().args(arguments).stdin(end()).stdout(Stdio::null()).stderr(end()).spawn().unwrap();
    (child, File::from(master))
}

/// Reads what the terminal shows until it ends with this.
fn shown(terminal: &mut File, end: &str) -> String {
    let (mut text, mut byte) = (String::new(), [0]);
    while !text.ends_with(end) && terminal.read(&mut byte).is_ok_and(|read| read > 0) {
        text.push(char::from(byte[0]));
    }
    text
}

#[test]
fn a_terminal_is_asked_while_the_case_is_free() {
    let incident = with_accounts();
    let question = "[y/N] ";
    for (answer, status) in [("n\n", 2), ("\n", 2), ("yes\n", 0)] {
        let before = recorded(&incident).len();
        let (mut child, mut terminal) = on_a_terminal(&incident, &["--kind", "search", "searched"]);
        let text = shown(&mut terminal, question);
        assert!(
            text.contains("2 steps selected by --kind search")
                && text.contains("mark 2 steps searched? [y/N] "),
            "{text}"
        );
        assert!(recorded(&incident).len() == before, "nothing yet");
        terminal.write_all(answer.as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(status), "{answer:?}");
        assert_eq!(recorded(&incident).len(), before + if status == 0 { 2 } else { 0 });
    }
    // Somebody else marks one of them while the question stands.
    for name in ["a.example", "b.example"] {
        assert_eq!(incident.mark(&incident.id("search", name), "reopened", &[]).status, 0);
    }
    let (mut child, mut terminal) = on_a_terminal(&incident, &["--kind", "search", "searched"]);
    shown(&mut terminal, question);
    assert_eq!(incident.mark(&incident.id("search", "a.example"), "searched", &["--wait", "0"]).status, 0);
    let before = recorded(&incident).len();
    terminal.write_all(b"y\n").unwrap();
    assert!(shown(&mut terminal, "run this again").contains("have changed since they were listed"));
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert_eq!(recorded(&incident).len(), before);
}
