//! Samples, and what the test binary makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::Setting;
use crate::copy::Mutant;

/// As many changes as wanted, spread evenly: the list, which is in the order of files and lines, is cut into
/// so many parts of one size, and of each part one is taken.
pub fn draw(all: &[Mutant], seed: u64, count: usize) -> Vec<Mutant> {
    let mut state = seed;
    let mut next = || {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let part = |i: usize| i * all.len() / count;
    (0..count)
        .map(|i| (part(i), part(i + 1)))
        .filter(|(from, to)| from < to)
        .map(|(from, to)| all[from + (next() % (to - from) as u64) as usize].clone())
        .collect()
}

/// The changes of a sample that was drawn earlier, and those that there are no more: by file and text, of
/// several the one that is nearest.
pub fn find(all: &[Mutant], file: &str) -> Result<(Vec<Mutant>, Vec<String>), String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
    let (mut known, mut gone): (Vec<Mutant>, Vec<String>) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let parts: Vec<&str> = line.splitn(3, '\t').collect();
        let [_, place, says] = parts.as_slice() else { return Err(format!("{file}: {line}")) };
        let at = |place: &str| place.rsplit_once(':').map(|(path, line)| (path.to_owned(), line.parse::<i64>().unwrap_or_default()));
        let Some((path, line_number)) = at(place) else { return Err(format!("{file}: {line}")) };
        let distance = |m: &&Mutant| at(&m.place).filter(|(p, _)| *p == path).map_or(i64::MAX, |(_, l)| (l - line_number).abs());
        let free = all.iter().filter(|m| m.says == *says && known.iter().all(|k| k.number != m.number));
        match free.min_by_key(distance).filter(|m| distance(m) < i64::MAX) {
            Some(found) => known.push(found.clone()),
            None => gone.push(line.to_owned()),
        }
    }
    Ok((known, gone))
}

/// A test of the binary: its name, how long it takes, and the changes that it meets.
struct Test {
    name: String,
    takes: Duration,
    meets: BTreeSet<usize>,
}

/// Tries each change with the tests that meet it, and prints what became of it.
pub fn run(setting: &Setting, mutants: &[Mutant]) -> Result<(), String> {
    let binary = fs::read_to_string(setting.home.join("binary.txt")).map_err(|e| e.to_string())?;
    let tests = tests(setting, &binary)?;
    let begun = Instant::now();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..setting.jobs {
            scope.spawn(|| {
                while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = tried(setting, &binary, &tests, mutant.number);
                    if let Ok(mut results) = results.lock() {
                        results.insert(mutant.number, result);
                    }
                }
            });
        }
    });
    let results = results.into_inner().map_err(|e| e.to_string())?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for mutant in mutants {
        let result = results.get(&mutant.number).copied().unwrap_or("not tried");
        *counts.entry(result).or_default() += 1;
        println!("{result}\t{mutant}");
    }
    eprintln!("{counts:?} of {} in {} s", mutants.len(), begun.elapsed().as_secs());
    Ok(())
}

/// All tests of the binary, each run once alone without any change: it must pass.
fn tests(setting: &Setting, binary: &str) -> Result<Vec<Test>, String> {
    let output = Command::new(binary).args(["--list", "--format=terse"]).output().map_err(|e| format!("{binary}: {e}"))?;
    let names: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().filter_map(|l| l.strip_suffix(": test")).map(str::to_owned).collect();
    let (next, out) = (AtomicUsize::new(0), Mutex::new(Ok(Vec::new())));
    let one = |name: &String, at: usize| {
        let trace = setting.home.join(format!("trace-{at}"));
        let _ = fs::remove_file(&trace);
        let begun = Instant::now();
        let passed = passes(setting, binary, &[name], Duration::from_secs(300), |c| c.env("CERTRECALL_MUTANT_TRACE", &trace))?;
        let takes = begun.elapsed();
        let met = fs::read_to_string(&trace).unwrap_or_default();
        if !passed {
            return Err(format!("{name} fails without any change"));
        }
        Ok(Test { name: name.clone(), takes, meets: met.lines().filter_map(|l| l.parse().ok()).collect() })
    };
    std::thread::scope(|scope| {
        for _ in 0..setting.jobs {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(name) = names.get(at) else { break };
                    let test = one(name, at);
                    let Ok(mut out) = out.lock() else { break };
                    match (&mut *out, test) {
                        (Ok(list), Ok(test)) => list.push(test),
                        (Ok(_), Err(error)) => *out = Err(error),
                        (Err(_), _) => {}
                    }
                }
            });
        }
    });
    let mut tests: Vec<Test> = out.into_inner().map_err(|e| e.to_string())??;
    tests.sort_by_key(|t| t.takes);
    Ok(tests)
}

/// `caught`, `missed`, or `not met` by any test.
fn tried(setting: &Setting, binary: &str, tests: &[Test], number: usize) -> &'static str {
    let meeting: Vec<&Test> = tests.iter().filter(|t| t.meets.contains(&number)).collect();
    if meeting.is_empty() {
        return "not met";
    }
    // The quickest first: most changes are caught by them.
    for part in meeting.chunks(TOGETHER) {
        let names: Vec<&String> = part.iter().map(|t| &t.name).collect();
        let limit = part.iter().map(|t| t.takes).sum::<Duration>() * 10 + Duration::from_secs(10);
        let number = number.to_string();
        if !passes(setting, binary, &names, limit, |c| c.env("CERTRECALL_MUTANT", &number)).unwrap_or(false) {
            return "caught";
        }
    }
    "missed"
}

/// Tests that are run in one process.
const TOGETHER: usize = 6;

/// Whether these tests pass. What does not end in time fails.
fn passes(
    setting: &Setting,
    binary: &str,
    tests: &[&String],
    limit: Duration,
    with: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<bool, String> {
    let mut command = Command::new(binary);
    command.arg("--exact").args(tests).arg("--test-threads=1").current_dir(setting.home.join("copy"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = with(&mut command).spawn().map_err(|e| format!("{}: {e}", Path::new(binary).display()))?;
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            return Ok(status.success());
        }
        if begun.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
