//! Names that want to be more than names: none of them drives a terminal, a page, a spreadsheet, a shell or
//! the file system.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::common::pki::{bundle, leaf, leaked_leaf, pem, public_ca};
use crate::common::{Folder, everything};
use crate::{SMALL, named, run, scan, with_fields};

const BEFORE: &str = "--uploaded=2015-06-01T00:00:00Z";

/// Every control and bidirectional character, and what formulas, markup, shells and paths are made of.
fn names() -> Vec<String> {
    let hidden: Vec<char> = (0..=0x1f_u32)
        .chain(0x7f..=0x9f)
        .chain([0xad, 0x61c, 0xfeff])
        .chain(0x200b..=0x200f)
        .chain(0x2028..=0x202e)
        .chain(0x2060..=0x2069)
        .chain(0xe0001..=0xe007f)
        .chain([
            0xa0, 0x34f, 0x600, 0x1680, 0x2002, 0x2800, 0x3000, 0x3164, 0xfdd0, 0xfe0f, 0xfff9, 0x13430,
            0x1bca0, 0x1d173, 0x1fffe, 0xe0100,
        ])
        .filter_map(char::from_u32)
        .collect();
    let mut names: Vec<String> = hidden.iter().map(|c| format!("a{c}b")).collect();
    names.push(hidden.iter().collect());
    let plain = [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(1)",
        "\t=1",
        "\u{ff1d}1+1",
        "\u{ff20}SUM(1)",
        "\r=1",
        "=HYPERLINK(\"http://x\",\"y\")",
        "'=1",
        "a,b;c\"d\"\n=1",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;b&gt;",
        "[x](javascript:alert(1))",
        "![x](http://x/y.png)",
        "# head",
        "| a | b |",
        "```\nx\n```",
        "- [ ] done",
        "\n# head\n",
        "**b** _i_ ~s~ `c`",
        "<!-- x",
        "http://evil.example/",
        "www.evil.example",
        "`touch pwned`",
        "$(touch pwned)",
        "; touch pwned",
        "'; touch pwned; '",
        "\"; touch pwned; \"",
        "a && b || c > d < e",
        "${IFS}",
        "!!",
        "~root",
        "-rf",
        "--output=x",
        "../../../../tmp/pwned",
        "..",
        ".",
        "/",
        "//",
        "/etc/passwd",
        "a/b/c",
        "a\\b\\c",
        "C:\\x",
        "nul",
        "con.txt",
        ".hidden",
        "a\0b",
        "",
        " ",
        "   ",
        "*",
        "*.example",
        "%s%n%x",
        "{{7*7}}",
        "\u{1b}[2J\u{1b}]0;x\u{7}",
        "\u{9b}2J",
        "a\u{8}\u{8}b",
        "e\u{301}\u{301}\u{301}",
        "\u{1f4a9}",
    ];
    names.extend(plain.map(str::to_owned));
    names.push("x".repeat(100_000));
    names.push("\u{202e}".repeat(10_000));
    names
}

/// **No raw control byte but the line end, no hidden character**, whatever the format.
fn harmless(what: &str, text: &str) {
    if let Some((at, c)) = text.char_indices().find(|(_, c)| *c != '\n' && is_hidden(*c)) {
        let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
        panic!("{what} shows {c:?}: {:?}", &text[start..at]);
    }
}

/// Written down anew here, from Unicode's Bidi_Control and the characters without a glyph: what the tool
/// itself thinks is under test.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{e0001}'..='\u{e007f}')
        || matches!(
            c,
            '\u{a0}'
                | '\u{34f}'
                | '\u{600}'
                | '\u{1680}'
                | '\u{2002}'
                | '\u{2800}'
                | '\u{3000}'
                | '\u{3164}'
                | '\u{fdd0}'
                | '\u{fe0f}'
        )
        || matches!(c, '\u{fff9}' | '\u{13430}' | '\u{1bca0}' | '\u{1d173}' | '\u{1fffe}' | '\u{e0100}')
}

/// A tree with a bundle for each name, on a key of its own, as common name, alternative name and file name.
fn tree() -> Folder {
    let folder = Folder::new();
    let ca = public_ca();
    for (i, name) in names().iter().enumerate() {
        folder.write(format!("in/cn-{i}.pem"), pem("CERTIFICATE", &named(name)));
        if name.is_ascii() {
            let san = crate::sequence(&[
                &crate::tlv(0x82, name.as_bytes()),
                &crate::tlv(0x81, name.as_bytes()),
                &crate::tlv(0x86, name.as_bytes()),
            ]);
            let extension = crate::sequence(&[&[0x06, 3, 0x55, 0x1d, 0x11], &crate::tlv(0x04, &san)]);
            let der = with_fields(&leaf("x.example").by(&ca).der, |fields| {
                fields[7] = crate::tlv(0xa3, &crate::sequence(&[&extension]))
            });
            folder.write(format!("in/san-{i}.pem"), pem("CERTIFICATE", &der));
        }
        if name.len() <= 200 && !name.is_empty() && !name.contains(['/', '\0']) && name != "." && name != ".."
        {
            folder.write(format!("in/files/{name}"), bundle(&leaked_leaf(), &[]));
        }
    }
    folder
}

#[test]
fn names_are_shown_and_never_obeyed() {
    let folder = tree();
    let (input, case) = (folder.at("in"), folder.at("case"));
    let count = scan(SMALL, &[&input]).1.len();
    for format in ["table", "csv", "json", "ndjson"] {
        let ran = run(SMALL, &["scan", &input, "--format", format]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        harmless(&format!("scan {format}"), &ran.stdout);
        harmless("stderr", &ran.stderr);
        if format == "table" {
            assert_eq!(ran.stdout.lines().count(), count + 1);
        }
        if format == "csv" {
            no_formula(&ran.stdout, count);
        }
    }
    for format in ["table", "csv", "json", "ndjson"] {
        let ran = run(SMALL, &["plan", &input, "-o", &case, BEFORE, "--format", format, "-v"]);
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        harmless(&format!("plan {format}"), &ran.stdout);
        harmless("stderr", &ran.stderr);
        if format == "csv" {
            no_formula(&ran.stdout, 1);
        }
    }
    for command in [
        &["run", &input, "-o", &case, BEFORE, "-v", "--color=never", "--key=ecdsa-p256"][..],
        &["rekey", &case, "-v"],
    ] {
        let ran = run(SMALL, command);
        assert!([1, 3].contains(&ran.status), "{}", ran.stderr);
        // Its lines are two fields with a tab between.
        harmless(command[0], &ran.stdout.replace('\t', " "));
        harmless("stderr", &ran.stderr);
    }
    for file in ["plan.md", "plan.json", "exposed-spki.txt", "suspected-spki.txt"] {
        harmless(file, &folder.text(&format!("case/{file}")));
    }
    no_markup(&folder.text("case/plan.md"));
    replacements(&folder);
}

fn no_formula(text: &str, least: usize) {
    let rows: Vec<_> = csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap).collect();
    assert!(rows.len() >= least);
    for cell in rows.iter().flatten() {
        assert!(
            !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff20}']),
            "{cell:?} is a formula"
        );
    }
}

fn no_markup(markdown: &str) {
    for (i, line) in markdown.lines().enumerate() {
        let say = format!("line {}: {}", i + 1, line.chars().take(300).collect::<String>());
        for bad in ["<script", "<img", "<!--", "](javascript", "](http", "![x]", "{{7*7}}<"] {
            let at = line.find(bad);
            assert!(
                at.is_none() || at.is_some_and(|n| n > 0 && line.as_bytes()[n - 1] == b'\\'),
                "{bad} in {say}"
            );
        }
        assert_ne!(line, "# head");
        assert!(!line.trim_start().starts_with("```"), "{say}");
        assert!(!line.contains("http://evil"), "{say}");
    }
}

/// Each replacement lies in one directory right below `replacements`, and nothing was made anywhere else.
fn replacements(folder: &Folder) {
    let case = folder.path().join("case");
    let parent = case.join("replacements");
    let mut count = 0;
    for entry in fs::read_dir(&parent).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (slug, hash) = name.rsplit_once('-').unwrap();
        assert!(hash.len() == 12 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
        assert!(
            !slug.is_empty() && slug.len() <= 64 && !slug.contains("..") && !slug.starts_with(['.', '-']),
            "{name}"
        );
        assert!(
            slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-')),
            "{name}"
        );
        let mut files: Vec<_> =
            fs::read_dir(parent.join(&name)).unwrap().map(|e| e.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["handoff.md", "key.pem", "replacement.json", "request.pem"]);
        harmless(
            "replacement.json",
            &fs::read_to_string(parent.join(&name).join("replacement.json")).unwrap(),
        );
        count += 1;
    }
    assert!(count > 100, "{count}");
    let mut outside: Vec<_> = everything(folder.path())
        .into_iter()
        .map(|(p, _)| p)
        .filter(|p| !p.starts_with("in") && !p.starts_with("case"))
        .collect();
    outside.retain(|p| !p.as_os_str().is_empty());
    assert_eq!(outside, Vec::<std::path::PathBuf>::new());
    assert!(!Path::new("pwned").exists() && !Path::new("/tmp/pwned").exists());
    let top: Vec<_> =
        everything(&case).into_iter().map(|(p, _)| p).filter(|p| p.components().count() == 1).collect();
    assert_eq!(top.len(), 8, "{top:?}");
}

#[test]
fn roots_and_cases_with_hostile_names() {
    let names: [&[u8]; 5] =
        [b"a\nb", b"\x1b[2J", "\u{202e}x".as_bytes(), b"\xff\xfe", b"$(touch pwned) '\"`x`"];
    for name in names {
        let folder = Folder::new();
        let at = |end: &str| folder.path().join(OsStr::from_bytes(&[name, end.as_bytes()].concat()));
        fs::create_dir(at("in")).unwrap();
        fs::write(at("in").join(OsStr::from_bytes(name)), bundle(&leaked_leaf(), &[])).unwrap();
        fs::write(at("m.csv"), "path,uploaded_at\nx,never\nx,2015-01-01\n").unwrap();
        let arguments = |command: &str, case: &str| {
            let words = [OsStr::new(command), at("in").as_os_str(), OsStr::new("-o"), at(case).as_os_str()]
                .map(OsStr::to_owned);
            [words.to_vec(), vec![BEFORE.into(), "--manifest".into(), at("m.csv").into_os_string()]].concat()
        };
        let made = run(SMALL, &arguments("run", "case"));
        assert_eq!(made.status, 1, "{made:?}");
        let rekeyed = run(SMALL, &[OsStr::new("rekey"), at("case").as_os_str()]);
        assert_eq!(rekeyed.status, 1, "{rekeyed:?}");
        // Refused: another root, a directory of somebody else, a root that is not there.
        let other = run(
            SMALL,
            &[OsStr::new("plan"), folder.path().as_os_str(), OsStr::new("-o"), at("case").as_os_str()],
        );
        let foreign =
            run(SMALL, &[OsStr::new("plan"), at("in").as_os_str(), OsStr::new("-o"), at("in").as_os_str()]);
        let missing = run(SMALL, &[OsStr::new("scan"), at("missing").as_os_str()]);
        let no_profile = run(
            SMALL,
            &[
                OsStr::new("plan"),
                at("in").as_os_str(),
                OsStr::new("-o"),
                at("x").as_os_str(),
                OsStr::new("--incident"),
                at("no").as_os_str(),
            ],
        );
        let texts = [&made, &rekeyed, &other, &foreign, &missing, &no_profile];
        assert!(texts[2..].iter().all(|r| r.status == 2), "{texts:?}");
        for ran in texts {
            harmless("stdout", &ran.stdout.replace('\t', " "));
            harmless("stderr", &ran.stderr);
        }
        harmless("plan.md", &fs::read_to_string(at("case").join("plan.md")).unwrap());
    }
    // The command line itself: what it does not understand is shown harmlessly too.
    for arguments in [
        vec!["scan", "--for\x1b[2Jmat"],
        vec!["\x1b[2J\u{202e}"],
        vec!["scan", "x", "--format=\x1b[2J"],
        vec!["plan", "x", "-o", "y", "--cutoff=\x1b[2J"],
    ] {
        let ran = run(SMALL, &arguments);
        assert_eq!(ran.status, 2);
        // What the user typed is quoted by the parser of the command line, which drops controls alone.
        assert!(
            !ran.stderr.contains(|c: char| c.is_control() && c != '\n'),
            "{arguments:?}: {:?}",
            ran.stderr
        );
    }
}
