//! Hostile input: whatever it is, it gets a record and the right exit status, in bounded time and memory.
#![allow(missing_docs, clippy::unwrap_used)]

mod archives;
mod bytes;
mod cas;
#[path = "../common/mod.rs"]
mod common;
mod disk;
mod inputs;
mod manifests;
mod objects;
mod shown;
mod trees;

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use common::{Folder, Ran};
use serde_json::Value;

/// Time and memory that a run may take.
#[derive(Clone, Copy)]
struct Bounds {
    /// Address space in MiB: more than the tool needs, far less than input that multiplies would take.
    memory: u32,
    /// Processor time in seconds: no measure of speed, only an end to what would never end. A build for
    /// debugging on a busy machine needs some.
    seconds: u32,
}

/// Enough for anything that fits into one window.
const SMALL: Bounds = Bounds { memory: 768, seconds: 120 };

/// The binary under limits of the operating system, with `shell` before it.
fn bounded(bounds: Bounds, shell: &str) -> Command {
    limited(bounds, shell, env!("CARGO_BIN_EXE_certrecall").as_ref())
}

/// A program under limits.
fn limited(bounds: Bounds, shell: &str, program: &OsStr) -> Command {
    let mut command = Command::new("sh");
    let script = format!(
        "{shell} ulimit -v {}; ulimit -t {}; exec \"$0\" \"$@\"",
        u64::from(bounds.memory) << 10,
        bounds.seconds
    );
    command.args(["-c", &script]).arg(program).env_remove("NO_COLOR").stdin(std::process::Stdio::null());
    command
}

/// Runs a command that must end by itself: not by a limit, not by a defect.
fn finish(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    assert_eq!(
        output.status.signal(),
        None,
        "it ended by a signal: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let ran = Ran::from(output);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

fn run<A: AsRef<OsStr>>(bounds: Bounds, arguments: &[A]) -> Ran {
    finish(bounded(bounds, "").args(arguments))
}

/// `scan --all --format ndjson`, checked as every scan is.
fn scan<A: AsRef<OsStr>>(bounds: Bounds, arguments: &[A]) -> (i32, Vec<Value>) {
    check(&finish(bounded(bounds, "").args(["scan", "--all", "--format=ndjson"]).args(arguments)))
}

/// **The ledger adds up, and the exit status tells of it**: 3 if and only if something was not read that
/// could matter.
fn check(ran: &Ran) -> (i32, Vec<Value>) {
    let records = ran.records();
    let count = |kind: &str| records.iter().filter(|r| r["kind"] == kind).count();
    let (locked, unreadable, skipped) = (count("locked"), count("unreadable"), count("skipped"));
    let read = records.len() - locked - unreadable - skipped;
    let equation = format!(
        "{} seen = {read} read + {locked} locked + {unreadable} unreadable + {skipped} skipped\n",
        records.len()
    );
    assert!(ran.stderr.ends_with(&equation), "{equation:?} {}", ran.stderr);
    let harmless = |r: &&Value| {
        r["kind"] == "skipped"
            && ["no-pki-content", "other-format", "own-case"].contains(&r["reason"].as_str().unwrap())
    };
    let complete = locked + unreadable == 0 && skipped == records.iter().filter(harmless).count();
    assert_eq!(ran.status, if complete { 0 } else { 3 }, "{}", ran.stderr);
    (ran.status, records)
}

/// Kind and reason of each record.
fn kinds(records: &[Value]) -> Vec<(&str, &str)> {
    records.iter().map(|r| (r["kind"].as_str().unwrap(), r["reason"].as_str().unwrap_or_default())).collect()
}

/// One file, scanned alone.
fn scan_one(name: &str, content: impl AsRef<[u8]>) -> (i32, Vec<Value>) {
    let folder = Folder::new();
    folder.write(name, content);
    scan(SMALL, &[folder.at(name)])
}

/// One element in DER, however long.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = head(tag, content.len());
    out.extend_from_slice(content);
    out
}

/// Identifier and length octets of an element.
fn head(tag: u8, length: usize) -> Vec<u8> {
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let octets: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
        out.push(0x80 | octets.len() as u8);
        out.extend(octets);
    }
    out
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A positive INTEGER of so many bits, all of them set.
fn integer(bits: usize) -> Vec<u8> {
    let mut octets = vec![0xff; bits / 8];
    if !bits.is_multiple_of(8) {
        octets.insert(0, (1 << (bits % 8)) - 1);
    }
    if octets.first().is_none_or(|b| b & 0x80 != 0) {
        octets.insert(0, 0);
    }
    tlv(0x02, &octets)
}

/// The same certificate with other fields; its signature no longer fits, which a file from anywhere may well
/// be like. Fields: 0 version, 1 serial, 2 algorithm, 3 issuer, 4 dates, 5 subject, 6 key, 7 extensions.
fn with_fields(certificate: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    use common::pki::{content, elements};
    let outer = elements(content(certificate));
    let mut fields: Vec<Vec<u8>> = elements(content(outer[0])).into_iter().map(<[u8]>::to_vec).collect();
    change(&mut fields);
    sequence(&[&tlv(0x30, &fields.concat()), outer[1], outer[2]])
}

/// A certificate without alternative names whose common name is this.
fn named(name: &str) -> Vec<u8> {
    let subject = sequence(&[&tlv(0x31, &sequence(&[&[0x06, 3, 0x55, 4, 3], &tlv(0x0c, name.as_bytes())]))]);
    let plain = common::pki::leaf("x.example").by(&common::pki::public_ca());
    with_fields(&plain.der, |fields| {
        fields[5] = subject;
        fields.truncate(7);
    })
}

/// One extension more.
fn with_extension(certificate: &[u8], oid: &[u8], value: &[u8]) -> Vec<u8> {
    with_fields(certificate, |fields| {
        let old = common::pki::content(common::pki::content(&fields[7])).to_vec();
        let extension = sequence(&[&tlv(0x06, oid), &tlv(0x04, value)]);
        fields[7] = tlv(0xa3, &tlv(0x30, &[old, extension].concat()));
    })
}
