//! Runs that are killed at any point, and runs at once.

use std::fs;
use std::process::Stdio;
use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::Value;

use crate::Incident;
use crate::common::moments::Moments;
use crate::common::{certrecall, run};

/// Starts it, and kills it after this long. Whether it was done before.
fn kill_after(arguments: &[&str], time: Duration) -> Option<i32> {
    let mut child = certrecall().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(time);
    child.kill().unwrap();
    child.wait().unwrap().code()
}

/// So many kills each test makes, and in so many runs at most: some end before they are killed.
const KILLS: usize = 100;
const ROUNDS: usize = 20 * KILLS;

/// Reasons of all words that the case tells; it has to open.
fn said(case: &str) -> Vec<String> {
    let ran = run(&["status", case, "--format", "json"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    status["words"].as_array().unwrap().iter().map(|w| w["reason"].as_str().unwrap().to_owned()).collect()
}

fn nothing_left_over(case: &str) {
    let found: Vec<_> =
        fs::read_dir(case).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let known = [
        ".gitignore",
        "case.db",
        "certrecall-case.json",
        "exposed-spki.txt",
        "plan.json",
        "plan.md",
        "suspected-spki.txt",
    ];
    assert!(found.iter().all(|n| known.contains(&n.as_str())), "{found:?}");
}

#[test]
fn a_hundred_kills_of_mark_lose_no_word_that_was_confirmed() {
    let incident = Incident::new();
    incident.plan();
    let (search, case) = (incident.id("search", "a.example"), incident.path("case"));
    let mut moments = Moments::of(0x5eed, || assert_eq!(incident.mark(&search, "searched", &[]).status, 0));
    let (mut confirmed, mut killed) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        if killed == KILLS {
            break;
        }
        let reason = format!("round {round}");
        let mark = [
            "mark",
            &case,
            &search,
            if round % 2 == 0 { "searched" } else { "reopened" },
            "--reason",
            &reason,
            "--by",
            "Ada",
        ];
        let ended = kill_after(&mark, moments.draw());
        moments.tell(ended.is_none());
        match ended {
            Some(0) => confirmed.push(reason),
            Some(status) => panic!("{reason} ended with {status}"),
            None => killed += 1,
        }
        let said = said(&case);
        assert!(
            confirmed.iter().all(|r| said.contains(r)),
            "round {round}: {confirmed:?} were confirmed, {said:?} are told"
        );
        assert!(said.len() <= round + 3, "no word twice: {said:?}");
    }
    assert_eq!(killed, KILLS, "runs end before they can be killed");
    assert_eq!(incident.mark(&search, "searched", &[]).status, 0);
    assert_eq!(incident.plan().status, 1);
    assert_eq!(incident.step("search", "a.example")["status"], "done");
    nothing_left_over(&case);
}

#[test]
fn a_hundred_kills_of_plan_leave_a_case_that_goes_on_where_it_was() {
    let incident = Incident::new();
    incident.plan();
    let (search, case, uploads) =
        (incident.id("search", "a.example"), incident.path("case"), incident.path("uploads"));
    assert_eq!(incident.mark(&search, "searched", &[]).status, 0);
    let before = incident.json()["steps"].clone();
    let mut moments = Moments::of(0xca5e, || assert_eq!(incident.plan().status, 1));
    let mut killed = 0;
    for round in 0..ROUNDS {
        if killed == KILLS {
            break;
        }
        // The evidence changes each time, so there is always something to write.
        let uploaded = if round % 2 == 0 { "2015-01-01" } else { "2017-01-01" };
        let plan = ["plan", &uploads, "-o", &case, "--uploaded", uploaded];
        let was_killed = kill_after(&plan, moments.draw()).is_none();
        moments.tell(was_killed);
        killed += usize::from(was_killed);
        let ran = run(&["status", &case, "--format", "json"]);
        assert!(ran.status < 2, "round {round}: {}", ran.stderr);
        let status: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(status["words"].as_array().unwrap().len(), 1, "round {round}");
        // What can be marked is what the database holds, whatever view a killed run left.
        if round % 10 == 0 {
            let ran = run(&["explain", &case, "a.example"]);
            assert_eq!(ran.status, 0, "round {round}: {}", ran.stderr);
        }
    }
    assert_eq!(killed, KILLS, "runs end before they can be killed");
    assert_eq!(incident.plan().status, 1);
    assert_eq!(incident.json()["steps"], before, "as if nothing had happened");
    nothing_left_over(&case);
}

#[test]
fn a_mark_after_a_killed_plan_finds_views_that_fit() {
    let incident = Incident::new();
    incident.plan();
    let (search, case, uploads) =
        (incident.id("search", "a.example"), incident.path("case"), incident.path("uploads"));
    let mut moments = Moments::of(0xfee1, || assert_eq!(incident.plan().status, 1));
    for round in 0..20 {
        let plan = ["plan", &uploads, "-o", &case, "--uploaded", "2015-01-01"];
        let ended = kill_after(&plan, moments.draw());
        moments.tell(ended.is_none());
        let ran = incident.mark(&search, if round % 2 == 0 { "searched" } else { "reopened" }, &[]);
        assert_eq!(ran.status, 0, "round {round}: {}", ran.stderr);
        let want = if round % 2 == 0 { "done" } else { "ready" };
        assert_eq!(incident.step("search", "a.example")["status"], want, "round {round}");
    }
}

#[test]
fn two_at_once_exclude_each_other() {
    let incident = Incident::new();
    incident.plan();
    let marker = fs::File::open(incident.folder.path().join("case/certrecall-case.json")).unwrap();
    marker.lock().unwrap();
    for ran in [
        incident.plan(),
        incident.mark("search", "searched", &["--wait", "0"]),
        run(&["status", &incident.path("case")]),
    ] {
        assert_eq!(ran.status, 2);
        assert!(
            ran.stderr.contains("another certrecall works on the case")
                && ran.stderr.contains("hint: wait until it is done"),
            "{}",
            ran.stderr
        );
    }
    let ran = incident.mark("search", "searched", &["--wait", "1"]);
    assert!(
        ran.status == 2
            && ran.stderr.contains("was not free within 1 s")
            && ran.stderr.contains("--wait SECONDS"),
        "{ran:?}"
    );
    // Another test may be starting a program right now, which for a moment holds a copy of this descriptor:
    // closing it would not do.
    marker.unlock().unwrap();
    assert_eq!(incident.plan().status, 1);
}

#[test]
fn forty_marks_at_once_are_all_recorded() {
    let incident = Incident::new();
    incident.plan();
    let (search, case) = (incident.id("search", "a.example"), incident.path("case"));
    let reasons: Vec<String> = (0..40).map(|number| format!("number {number}")).collect();
    let mark = |reason: &String| {
        // Longer than the default: this machine may be busy with other tests.
        let arguments =
            ["mark", &case, &search, "searched", "--reason", reason, "--by", "Ada", "--wait", "120"];
        certrecall().args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let started: Vec<_> = reasons.iter().map(mark).collect();
    for child in started {
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    // `status` does not wait, and has the lock for itself again.
    let mut recorded = said(&case);
    recorded.sort();
    let mut wanted = reasons.clone();
    wanted.sort();
    assert_eq!(recorded, wanted);
}

#[test]
fn many_at_once_on_a_new_case_make_one() {
    let incident = Incident::new();
    let all: Vec<_> = scope(|threads| {
        let started: Vec<_> = (0..8).map(|_| threads.spawn(|| incident.plan())).collect();
        started.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(all.iter().any(|ran| ran.status == 1), "{all:?}");
    for ran in all.iter().filter(|ran| ran.status != 1) {
        assert!(ran.status == 2 && ran.stderr.contains("another certrecall works on the case"), "{ran:?}");
    }
    assert_eq!(incident.plan().status, 1);
    nothing_left_over(&incident.path("case"));
}
