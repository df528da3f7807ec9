//! What lies on the disk, whatever happens.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use certrecall::id::Fingerprint;
use certrecall::rekey::{Error, KeySpec, TroubleKind, existing, make};

use super::moments::Moments;
use super::{made, names, plain};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn order_and_progress_do_not_depend_on_threads() {
    let all = plain(600);
    for threads in [0, 1, 4] {
        let case = tempfile::tempdir().unwrap();
        let told = AtomicUsize::new(0);
        let progress = |done| assert!(told.swap(done, Ordering::Relaxed) <= done);
        let outcome = make(&all, None, case.path(), &|_| false, threads, &progress).unwrap();
        assert_eq!(told.into_inner(), 600);
        assert!(
            outcome.made.iter().zip(&all).all(|(made, wanted)| made.record.profile == wanted.planned.profile
                && made.record.id == wanted.planned.id)
        );
        let found = existing(case.path(), threads).unwrap();
        assert_eq!(found.troubles, []);
        let mut sorted = outcome.made;
        sorted.sort_by(|a, b| a.directory.cmp(&b.directory));
        assert_eq!(found.made, sorted);
    }
}

#[test]
fn forbidden_keys_are_never_used() {
    let case = tempfile::tempdir().unwrap();
    let asked = AtomicUsize::new(0);
    let first_three = |_: &_| asked.fetch_add(1, Ordering::Relaxed) < 3;
    let outcome = make(&plain(1), None, case.path(), &first_three, 1, &|_| {}).unwrap();
    assert_eq!((outcome.made.len(), asked.into_inner()), (1, 4));
    let error = make(&plain(3), None, case.path(), &|_| true, 2, &|_| {}).unwrap_err();
    assert!(matches!(error, Error::NoFreshKey { .. }), "{error}");
    assert_eq!(names(&case.path().join("replacements")).len(), 1);
}

#[test]
fn private_keys_lie_in_their_file_alone() {
    let case = tempfile::tempdir().unwrap();
    let outcome = made(&plain(1), KeySpec::EcdsaP256, case.path()).unwrap();
    let directory = case.path().join(&outcome.made[0].directory);
    let key = fs::read_to_string(directory.join("key.pem")).unwrap();
    let der = rustls_pemfile::private_key(&mut key.as_bytes()).unwrap().unwrap();
    // ECPrivateKey (RFC 5915): the private number is the OCTET STRING of 32 octets.
    let at = der.secret_der().windows(2).position(|w| w == [0x04, 0x20]).unwrap() + 2;
    let number = &der.secret_der()[at..at + 32];
    let lines: Vec<_> = key.lines().filter(|l| !l.starts_with('-')).map(|l| l.as_bytes().to_vec()).collect();
    let mut secrets = vec![number.to_vec(), certrecall::id::hex(number).into_bytes()];
    secrets.extend(lines.into_iter().take(2));
    let mut talk = vec![format!("{outcome:?}").into_bytes()];
    for file in names(&directory) {
        if !file.ends_with("key.pem") {
            talk.push(fs::read(file).unwrap());
        }
    }
    assert_eq!(talk.len(), 4);
    for text in talk {
        assert!(secrets.iter().all(|s| !text.windows(s.len()).any(|w| w == s.as_slice())));
    }
}

#[test]
fn damage_is_told_and_left_alone() {
    let case = tempfile::tempdir().unwrap();
    let all = plain(7);
    let outcome = made(&all, KeySpec::Mirror, case.path()).unwrap();
    let file = |i: usize, name| case.path().join(&outcome.made[i].directory).join(name);
    fs::remove_file(file(0, "key.pem")).unwrap();
    fs::copy(file(6, "key.pem"), file(1, "key.pem")).unwrap();
    fs::copy(file(6, "request.pem"), file(2, "request.pem")).unwrap();
    fs::write(file(3, "replacement.json"), b"{").unwrap();
    fs::set_permissions(file(4, "key.pem"), Permissions::from_mode(0o644)).unwrap();
    let request = fs::read(file(5, "request.pem")).unwrap();
    let mut text = String::from_utf8(request.clone()).unwrap();
    // Another letter near the end: within the signature.
    let at = text.find("\n-----END").unwrap() - 12;
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    text.replace_range(at..=at, other);
    fs::write(file(5, "request.pem"), text).unwrap();
    fs::create_dir_all(case.path().join("replacements/empty")).unwrap();
    fs::create_dir_all(case.path().join("replacements/.new-0123456789abcdef01234567")).unwrap();
    let found = existing(case.path(), 2).unwrap();
    // All are named after one host, so that the hashes of new keys make the order.
    let whole: BTreeSet<_> = found.made.iter().map(|m| m.record.profile).collect();
    assert_eq!(whole, BTreeSet::from([all[4].planned.profile, all[6].planned.profile]));
    let says =
        |i: usize| found.troubles.iter().find(|t| t.place.starts_with(&outcome.made[i].directory)).unwrap();
    for (i, part) in
        [(0, "missing"), (1, "another key"), (2, "for another key"), (3, "not a record"), (5, "signature")]
    {
        assert!(says(i).says.contains(part) && says(i).kind == TroubleKind::Damaged, "{:?}", says(i));
    }
    assert_eq!(
        (says(4).kind, says(0).profile, says(3).profile),
        (TroubleKind::KeyReadable, Some(all[0].planned.profile), None)
    );
    assert_eq!(found.troubles.len(), 7);
    // A new run makes another one beside the damaged one.
    made(&all[..1], KeySpec::Mirror, case.path()).unwrap();
    assert!(
        file(0, "request.pem").exists()
            && !case.path().join("replacements/.new-0123456789abcdef01234567").exists()
    );
    assert_eq!(existing(case.path(), 1).unwrap().made.len(), 3);
}

#[test]
fn a_longer_list_changes_the_record_alone() {
    let case = tempfile::tempdir().unwrap();
    assert_eq!(existing(case.path(), 1).unwrap().made, []);
    let mut all = plain(1);
    let outcome = made(&all, KeySpec::Mirror, case.path()).unwrap();
    let files = || {
        names(&case.path().join(&outcome.made[0].directory))
            .iter()
            .map(|f| fs::read(f).unwrap())
            .collect::<Vec<_>>()
    };
    let before = files();
    assert_eq!(outcome.made[0].update(case.path(), &all[0].planned).unwrap(), outcome.made[0]);
    assert_eq!(files(), before);
    let old = all[0].planned.replaces[0];
    all[0].planned.replaces = vec![Fingerprint::of(b"newly found")];
    let longer = outcome.made[0].update(case.path(), &all[0].planned).unwrap();
    assert!(
        longer.record.replaces.contains(&old)
            && longer.record.replaces.len() == 2
            && longer.record.replaces.is_sorted()
    );
    assert_eq!(existing(case.path(), 1).unwrap().made, [longer]);
    let after = files();
    assert_eq!((after.len(), &after[0], &after[1], &after[3]), (4, &before[0], &before[1], &before[3]));
    assert_eq!(mode(&case.path().join(&outcome.made[0].directory).join("replacement.json")), 0o600);
}

/// Runs [`worker`] in a process of its own.
fn run_worker(case: &Path, count: usize, shell: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{shell}; exec \"$0\" --ignored --exact disk::worker")])
        .arg(std::env::current_exe().unwrap());
    command.env("CASE", case).env("COUNT", count.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
#[ignore = "the tests below run it in a process of its own"]
fn worker() {
    let (case, count) = (std::env::var("CASE").unwrap(), std::env::var("COUNT").unwrap().parse().unwrap());
    made(&plain(count), KeySpec::Mirror, Path::new(&case)).unwrap();
}

#[test]
#[ignore = "the test below runs it in a process of its own"]
fn worker_of_the_rest() {
    let (case, count) =
        (PathBuf::from(std::env::var("CASE").unwrap()), std::env::var("COUNT").unwrap().parse().unwrap());
    finish(&case, count);
}

/// What a run does: sweeps, reads what is there, makes what is missing.
fn finish(case: &Path, count: usize) -> usize {
    certrecall::rekey::sweep(case).unwrap();
    let there: HashSet<_> = existing(case, 2).unwrap().made.into_iter().map(|m| m.record.profile).collect();
    let rest: Vec<_> = plain(count).into_iter().filter(|w| !there.contains(&w.planned.profile)).collect();
    made(&rest, KeySpec::Mirror, case).unwrap().made.len()
}

#[test]
#[ignore = "a hundred runs of a thousand take minutes; .ci/run does it in release"]
fn killed_at_a_hundred_points_the_next_run_finishes() {
    const COUNT: usize = 1000;
    // To a process that is killed all file systems are alike, and a disk takes minutes for 150,000 files.
    let root = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let start = |case: &Path| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "disk::worker_of_the_rest"])
            .env("CASE", case)
            .env("COUNT", COUNT.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut runs = 0;
    let mut moments = Moments::of(u64::from(std::process::id()), || {
        runs += 1;
        assert!(start(&root.path().join(format!("whole-{runs}"))).wait().unwrap().success());
    });
    let (mut case, mut before, mut killed) = (root.path().join("case-0"), 0, 0);
    for round in 0..100 {
        let mut child = start(&case);
        sleep(moments.draw());
        let was_killed = child.try_wait().unwrap().is_none();
        moments.tell(was_killed);
        killed += usize::from(was_killed);
        child.kill().unwrap();
        child.wait().unwrap();
        let found = existing(&case, 2).unwrap();
        assert_eq!(found.troubles, [], "round {round}");
        for made in &found.made {
            let files: Vec<_> = names(&case.join(&made.directory))
                .iter()
                .map(|f| f.file_name().unwrap().to_owned())
                .collect();
            assert_eq!(files, ["handoff.md", "key.pem", "replacement.json", "request.pem"], "round {round}");
        }
        assert!(found.made.len() >= before, "nothing finished is lost");
        before = found.made.len();
        // The next run finishes it; by turns it is killed again, or the case is done.
        if round % 3 == 2 || before == COUNT {
            assert_eq!(finish(&case, COUNT), COUNT - before);
            let profiles: HashSet<_> =
                existing(&case, 2).unwrap().made.into_iter().map(|m| m.record.profile).collect();
            assert_eq!(profiles.len(), COUNT, "each is there once");
            assert_eq!(counted(&case.join("replacements")), (0, COUNT), "and nothing beside them");
            (case, before) = (root.path().join(format!("case-{}", round + 1)), 0);
        }
    }
    assert!(killed >= 60, "the kills came too late: {killed} of 100");
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    for umask in ["000", "077", "277", "022"] {
        let root = tempfile::tempdir().unwrap();
        let case = root.path().join("new/case");
        assert!(run_worker(&case, 1, &format!("umask {umask}")).status().unwrap().success());
        let directory = names(&case.join("replacements")).remove(0);
        assert_eq!([mode(&case), mode(&case.join("replacements")), mode(&directory)], [0o700; 3], "{umask}");
        assert_eq!(names(&directory).iter().map(|f| mode(f)).collect::<Vec<_>>(), [0o600; 4], "{umask}");
    }
}

/// How many directories are unfinished, and how many have their names.
fn counted(parent: &Path) -> (usize, usize) {
    let names = fs::read_dir(parent).into_iter().flatten().map(|e| e.unwrap().file_name());
    names.fold((0, 0), |(new, done), name| {
        if name.to_string_lossy().starts_with(".new-") { (new + 1, done) } else { (new, done + 1) }
    })
}

#[test]
fn a_killed_run_leaves_whole_replacements_only() {
    let case = tempfile::tempdir().unwrap();
    let parent = case.path().join("replacements");
    let (mut leftovers, mut whole) = (0, 0);
    for round in 0..6 {
        let mut child = run_worker(case.path(), 20_000, ":").spawn().unwrap();
        // By turns while the first ones are written and when the first ones have their names.
        let (unfinished, finished) = if round % 2 == 0 { (200, 0) } else { (0, 1 + whole) };
        while counted(&parent).0 < unfinished || counted(&parent).1 < finished {
            assert!(child.try_wait().unwrap().is_none(), "it was to be killed, not to end");
            sleep(Duration::from_millis(1));
        }
        sleep(Duration::from_millis(7 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        leftovers += counted(&parent).0;
        let found = existing(case.path(), 2).unwrap();
        assert_eq!(found.troubles, []);
        whole = found.made.len();
    }
    assert!(
        leftovers > 0 && whole > 0,
        "the kill came too early or too late: {leftovers} left over, {whole} whole"
    );
    made(&plain(1), KeySpec::Mirror, case.path()).unwrap();
    assert_eq!(names(&parent).len(), whole + 1);
}

#[test]
fn a_full_disk_ends_the_run_and_leaves_nothing_half_written() {
    let case = tempfile::tempdir().unwrap();
    // A limit on file size, its signal ignored, fails writes as a full disk does.
    assert!(!run_worker(case.path(), 50, "trap '' XFSZ; ulimit -f 0").status().unwrap().success());
    assert_eq!(names(&case.path().join("replacements")), Vec::<PathBuf>::new());
    let file = case.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = made(&plain(1), KeySpec::Mirror, &file).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(error.to_string(), "a replacement cannot be written");
    assert!(
        cause.to_string().starts_with("cannot make the directory") && cause.source().is_some(),
        "{cause}"
    );
}
