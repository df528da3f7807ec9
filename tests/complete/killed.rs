//! A run that is killed at any point leaves whole bundles or none, and the next one finishes.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::common::pki::{leaf, private_ca};
use super::common::{certrecall, run, state};
use super::{Case, fresh};

/// Replacements of the run.
const COUNT: usize = 20;
/// Points at which it is killed.
const KILLS: u32 = 30;
const LAYOUTS: &[&str] = &["--layout", "nginx", "--layout", "haproxy"];

fn replacements(case: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> =
        fs::read_dir(case.join("replacements")).unwrap().map(|e| e.unwrap().path()).collect();
    all.retain(|p| !p.file_name().unwrap().to_str().unwrap().starts_with(".new-"));
    all
}

fn unfinished(case: &Path) -> usize {
    let names = fs::read_dir(case.join("replacements")).unwrap().map(|e| e.unwrap().file_name());
    names.filter(|n| n.to_string_lossy().starts_with(".new-")).count()
}

/// How many bundles are there, each of them whole.
fn whole(case: &Path) -> usize {
    let mut count = 0;
    for replacement in replacements(case) {
        for entry in fs::read_dir(&replacement).unwrap().map(|e| e.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
            if !entry.is_dir() {
                assert!(!name.starts_with(".new-") && !name.starts_with("issued"), "{entry:?}");
                continue;
            }
            assert_eq!(name, "issued", "{entry:?}");
            let read =
                |file: &str| fs::read(entry.join(file)).unwrap_or_else(|e| panic!("{entry:?}/{file}: {e}"));
            let full = read("fullchain.pem");
            assert_eq!(full, [read("cert.pem"), read("chain.pem")].concat());
            assert_eq!(read("nginx/fullchain.pem"), full);
            assert_eq!(read("haproxy/haproxy.pem"), [full, read("nginx/key.pem")].concat());
            assert_eq!(read("nginx/key.pem"), fs::read(replacement.join("key.pem")).unwrap());
            serde_json::from_slice::<serde_json::Value>(&read("issued.json")).unwrap();
            count += 1;
        }
    }
    count
}

#[test]
fn thirty_kills() {
    let ca = private_ca();
    let drafts = (0..COUNT).map(|i| leaf(&format!("host{i}.example"))).collect();
    let case = Case::new(&ca, drafts, &[]);
    let issued: String = (0..COUNT)
        .map(|i| fresh(&format!("host{i}.example"), &case.key(&format!("host{i}.example-"))).by(&ca).pem())
        .collect();
    case.folder.write("issued.pem", issued + &ca.pem());
    let original = case.folder.path().join("case");
    let file = case.folder.at("issued.pem");
    let arguments = |directory: &str| {
        [&["complete", directory, &file, "--accept-unknown-root", "--reason", "a test"], LAYOUTS]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let copy = |name: &str| {
        let to = case.folder.at(name);
        super::ran("cp", &["-a", original.to_str().unwrap(), &to]);
        to
    };
    // How long a whole run takes tells when to kill.
    let timed = copy("timed");
    let since = Instant::now();
    assert_eq!(run(&arguments(&timed)).status, 0);
    let whole_run = since.elapsed();
    let (mut some, mut all, mut leftovers) = (0, 0, 0);
    for point in 1..=KILLS {
        let directory = copy(&format!("case{point}"));
        let mut child = certrecall()
            .args(arguments(&directory))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        if point % 2 == 0 {
            // While bundles lie there under hidden names, so many of them.
            let wanted = COUNT * point as usize / KILLS as usize;
            while child.try_wait().unwrap().is_none() && unfinished(Path::new(&directory)) < wanted {
                sleep(Duration::from_micros(300));
            }
        } else {
            sleep(whole_run * 2 * point / KILLS);
        }
        let _ = child.kill();
        child.wait().unwrap();
        leftovers += unfinished(Path::new(&directory));
        let found = whole(Path::new(&directory));
        some += usize::from(found > 0 && found < COUNT);
        all += usize::from(found == COUNT);
        let finished = run(&arguments(&directory));
        assert_eq!(finished.status, 0, "{} {}", finished.stdout, finished.stderr);
        assert_eq!(whole(Path::new(&directory)), COUNT);
        let status = run(&["status", &directory, "--format", "json"]);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        assert_eq!(status["steps"]["replace"]["done"], COUNT, "{status}");
        assert_eq!(status["words"].as_array().unwrap().len(), COUNT, "each is said once");
        assert_eq!(unfinished(Path::new(&directory)), 0, "leftovers are swept");
        fs::remove_dir_all(&directory).unwrap();
    }
    // A batch gets its names within microseconds, so a kill between two of them is rare; before and after
    // have to be met.
    assert!(
        leftovers > 0 && all > 0 && some + all < KILLS as usize,
        "the kills came all too early or all too late: {leftovers} {some} {all}"
    );
}

#[test]
fn a_full_disk_ends_the_run_and_leaves_nothing_half_written() {
    let ca = private_ca();
    let case = Case::new(&ca, vec![leaf("a.example")], &[]);
    let issued = fresh("a.example", &case.key("a.example")).by(&ca).pem();
    case.folder.write("issued.pem", issued + &ca.pem());
    let (directory, file) = (case.folder.at("case"), case.folder.at("issued.pem"));
    let before = state(&case.folder.path().join("case/replacements"));
    // A limit on file size, its signal ignored, fails writes as a full disk does.
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_certrecall")]);
    let failed = limited
        .args([
            "complete",
            &directory,
            &file,
            "--accept-unknown-root",
            "--reason",
            "a test",
            "--layout",
            "nginx",
        ])
        .output()
        .unwrap();
    assert_eq!(failed.status.code(), Some(2), "{}", String::from_utf8_lossy(&failed.stderr));
    assert!(
        String::from_utf8_lossy(&failed.stderr).contains("hint: check free space"),
        "{}",
        String::from_utf8_lossy(&failed.stderr)
    );
    let after = state(&case.folder.path().join("case/replacements"));
    let contents =
        |state: &std::collections::BTreeMap<PathBuf, String>| state.keys().cloned().collect::<Vec<_>>();
    assert_eq!(contents(&after), contents(&before));
    assert_eq!(case.step("replace", "a.example")["status"], "ready");
    assert_eq!(
        run(&["complete", &directory, &file, "--accept-unknown-root", "--reason", "a test"]).status,
        0
    );
}
