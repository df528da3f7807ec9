//! Manifests as nobody should send them: whatever it is, each row counts, is a finding, or the whole is one
//! clear error.

use serde_json::Value;

use crate::common::pki::{bundle, leaked_leaf};
use crate::common::{Folder, Ran};
use crate::{Bounds, SMALL, run};

/// One certificate with its key in `in/a.pem`, beside a manifest.
struct Upload(Folder);

impl Upload {
    fn new() -> Self {
        let folder = Folder::new();
        folder.write("in/a.pem", bundle(&leaked_leaf(), &[]));
        Self(folder)
    }

    fn plan(&self, bounds: Bounds, content: &[u8], more: &[&str]) -> Ran {
        self.0.write("m.csv", content);
        let _ = std::fs::remove_dir_all(self.0.path().join("case"));
        let (uploads, case, manifest) = (self.0.at("in"), self.0.at("case"), self.0.at("m.csv"));
        let mut arguments = vec!["plan", &uploads, "-o", &case, "--manifest", &manifest];
        arguments.extend(more);
        let ran = run(bounds, &arguments);
        assert!(
            ran.stderr.len() < 10_000 && !ran.stderr.contains(|c: char| c.is_control() && c != '\n'),
            "{:?}",
            &ran.stderr[..ran.stderr.len().min(500)]
        );
        ran
    }

    /// Exposure of the key, and how many findings of each code there are, those that are only counted
    /// included.
    fn judged(&self, content: &[u8]) -> (String, u64, u64) {
        let ran = self.plan(SMALL, content, &[]);
        // A row for the file that cannot be used is an inspect step.
        assert!(matches!(ran.status, 0 | 1 | 3), "{ran:?}");
        let plan = self.0.json("case/plan.json");
        let count = |code: &str| {
            plan["findings"].as_array().unwrap().iter().filter(|f| f["code"] == code).count() as u64
        };
        (
            plan["keys"][0]["exposure"].as_str().unwrap().to_owned(),
            count("manifest-row-bad"),
            count("manifest-row-doubtful"),
        )
    }
}

const HEAD: &str = "path,uploaded_at,account\n";

#[test]
fn encodings() {
    let upload = Upload::new();
    let text = "path,uploaded_at,account\na.pem,2015-01-01,M\u{fc}ller\n";
    let wide = |unit: fn(u16) -> [u8; 2]| {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect::<Vec<u8>>()
    };
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let mixed = [latin.as_slice(), "b.pem,2015-01-01,M\u{fc}ller\n".as_bytes()].concat();
    for (what, bytes, bad, doubtful) in [
        ("UTF-8", text.as_bytes().to_vec(), 0, 0),
        ("UTF-8 with a mark", format!("\u{feff}{text}").into_bytes(), 0, 0),
        ("UTF-16, little end first", wide(u16::to_le_bytes), 0, 0),
        ("UTF-16, big end first", wide(u16::to_be_bytes), 0, 0),
        ("Latin-1", latin.clone(), 0, 1),
        ("Latin-1 and UTF-8 by line", mixed, 0, 1),
        ("lines end in CR", text.replace('\n', "\r").into_bytes(), 0, 0),
        ("lines end in CR LF", text.replace('\n', "\r\n").into_bytes(), 0, 0),
        ("a NUL in a row", format!("{text}b\0.pem,2015-01-01,\n").into_bytes(), 0, 0),
        ("a row of NULs", format!("{text}\0\0\0,\0\0,\0\n").into_bytes(), 1, 0),
    ] {
        assert_eq!(upload.judged(&bytes), ("exposed".to_owned(), bad, doubtful), "{what}");
        let plan = upload.0.json("case/plan.json");
        assert_eq!(plan["keys"][0]["accounts"][0], "M\u{fc}ller", "{what}");
    }
    for (what, bytes) in [
        ("UTF-16 without a mark", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
        ("the other end, without a mark", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("UTF-16 cut in a character", wide(u16::to_le_bytes)[..41].to_vec()),
        ("a lone half of a pair", vec![0xff, 0xfe, 0x00, 0xd8, 0x41, 0x00]),
    ] {
        let ran = upload.plan(SMALL, &bytes, &[]);
        assert_eq!(ran.status, 2, "{what}");
        assert!(
            ran.stderr.contains("UTF-16") && ran.stderr.contains("save it as UTF-8"),
            "{what}: {}",
            ran.stderr
        );
    }
}

#[test]
fn times_in_many_forms() {
    let upload = Upload::new();
    for time in [
        "2016-10-29",
        "2016/10/29",
        "29.10.2016",
        "10/29/2016",
        "29-Oct-2016",
        "20161029",
        "1477699200",
        "1477699200000",
        "2016-10-29T10:00:00",
        "2016-10-29 10:00:00 +0200",
        "\"Sat, 29 Oct 2016 10:00:00 GMT\"",
        "\"October 29, 2016 10:00 AM\"",
        "..2016-10-29",
        "2016-01-01..2016-10-29",
    ] {
        assert_eq!(
            upload.judged(format!("{HEAD}a.pem,{time},\n").as_bytes()),
            ("exposed".to_owned(), 0, 0),
            "{time}"
        );
    }
    for time in [
        "=NOW()",
        "#N/A",
        "42675.5x",
        "next week",
        "2016-13-01",
        "29/29/2016",
        "99999999999999999999",
        "-1",
        "2016-10-29..2016-01-01",
        "0000-00-00",
        "1e9",
    ] {
        assert_eq!(
            upload.judged(format!("{HEAD}a.pem,{time},\n").as_bytes()),
            ("undetermined".to_owned(), 1, 0),
            "{time}"
        );
    }
}

#[test]
fn rows_that_contradict_or_repeat_each_other() {
    let upload = Upload::new();
    let of = |rows: &str| upload.judged(format!("{HEAD}{rows}").as_bytes());
    assert_eq!(of("a.pem,2015-01-01,x\na.pem,2017-01-01,x\n").0, "undetermined");
    assert_eq!(
        of("a.pem,2015-01-01,x\na.pem,2015-01-01,x\na.pem,2015-01-01,x\n"),
        ("exposed".to_owned(), 0, 2)
    );
    assert_eq!(
        of("a.pem,2015-01-01,x\n./a.pem,2015-01-01,x\n"),
        ("exposed".to_owned(), 0, 0),
        "told in other words it is another row"
    );
    assert_eq!(of("=HYPERLINK(\"x\"),2015-01-01,x\na.pem,2015-01-01,=1+1\n").0, "exposed");
    assert_eq!(of("=cmd|'/c calc'!A1,2015-01-01,x\n").2, 1, "a formula is told");
    let many: String =
        (0..3_000).map(|i| format!("a.pem,2015-01-01T00:{:02}:{:02}Z,x{i}\n", i / 60, i % 60)).collect();
    assert_eq!(of(&many).0, "exposed");
}

#[test]
fn shapes() {
    let upload = Upload::new();
    let wide_head: String = (0..9_998).map(|i| format!("c{i},")).collect();
    let wide_row = "x,".repeat(9_998);
    let wide = format!("{wide_head}path,uploaded_at\n{wide_row}a.pem,2015-01-01\n");
    assert_eq!(upload.judged(wide.as_bytes()), ("exposed".to_owned(), 0, 0), "10,000 columns");
    assert_eq!(upload.judged(HEAD.as_bytes()), ("undetermined".to_owned(), 0, 0), "a header alone");
    assert_eq!(
        upload.judged(format!("{HEAD}a.pem\na.pem,2015-01-01,x,y,z\n").as_bytes()),
        ("exposed".to_owned(), 1, 0),
        "short and long rows"
    );
    let notes = "path,note,uploaded_at\na.pem,\"two\nlines, and a \"\"quote\"\"\",2015-01-01\n";
    assert_eq!(upload.judged(notes.as_bytes()), ("exposed".to_owned(), 0, 0), "a note over lines");
    for (text, says) in [
        ("", "it is empty"),
        (" \n\n\t\n", "it is empty"),
        ("file name,stored on\na.pem,2015-01-01\n", "it has: file name, stored on"),
        ("a\n", "(or --map column=field)"),
        (&",".repeat(60_000), "more than 50000 columns"),
        ("{}", "a JSON manifest is an array of objects"),
        ("[]", "no row of it can be used"),
        ("[1,2,3]", "no row of it can be used"),
        ("[[{\"path\":\"a.pem\",\"uploaded_at\":\"2015-01-01\"}]]", "no row of it can be used"),
        (
            "{\"uploads\":{\"path\":\"a.pem\",\"uploaded_at\":\"2015-01-01\"}}",
            "a JSON manifest is an array of objects",
        ),
        ("[{\"path\":\"a.pem\",\"uploaded_at\":\"2015-01-01\"},", "broken, cut off or too deep"),
        ("[{\"path\":\"a.pem\",\"uploaded_at\":\"2015-01-01\"}] and more", "broken, cut off or too deep"),
        (&"[".repeat(100_000), "broken, cut off or too deep"),
        (&"{\"a\":".repeat(100_000), "broken, cut off or too deep"),
    ] {
        let ran = upload.plan(SMALL, text.as_bytes(), &[]);
        assert_eq!(ran.status, 2, "{says}: {}", &text[..text.len().min(100)]);
        assert!(ran.stderr.contains("manifest m.csv") && ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
    let ran = upload.plan(
        SMALL,
        b"file name,stored on\na.pem,2015-01-01\n",
        &["--map", "file name=path", "--map", "stored on=uploaded_at"],
    );
    assert_eq!(ran.status, 1, "{ran:?}");
    let row = "{\"path\":\"a.pem\",\"uploaded_at\":\"2015-01-01\"}";
    let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    for (what, text, bad) in [
        ("an object alone", row.to_owned(), 0),
        ("one a line", format!("{row}\n{row}\n"), 0),
        ("one a line, some broken", format!("{row}\n{{\"path\":\n[1]\nnull\n"), 3),
        ("one a line, the first broken", format!("{{\"path\":\n{row}\n"), 1),
        ("an array", format!("[{row}]"), 0),
        ("an array with other things in it", format!("[1,null,\"x\",[],{{}},{row}]"), 5),
        (
            "a wrapper",
            format!("{{\"count\":1,\"errors\":[1,2],\"meta\":{{\"a\":[{{}}]}},\"items\":[{row}]}}"),
            0,
        ),
        ("deep members of a row", format!("[{{\"x\":{},{}]", deep(100), &row[1..]), 0),
        ("members twice", format!("[{{\"path\":\"b.pem\",{}]", &row[1..]), 0),
        ("values of other kinds", format!("[{{\"path\":[\"a.pem\"],\"uploaded_at\":{{}}}},{row}]"), 1),
        ("numbers as times", "[{\"path\":\"a.pem\",\"uploaded_at\":1420070400}]".to_owned(), 0),
        (
            "10,000 members",
            format!("[{{{}{}]", (0..10_000).map(|i| format!("\"m{i}\":{i},")).collect::<String>(), &row[1..]),
            0,
        ),
    ] {
        let (exposure, told, _) = upload.judged(text.as_bytes());
        // The first of two members of one name counts, as the first of two columns does.
        let want = if what == "members twice" { "undetermined" } else { "exposed" };
        assert_eq!((exposure.as_str(), told), (want, bad), "{what}");
    }
}

/// A million rows, and one that is about the file here.
fn million(row: impl Fn(u32) -> String, about: &str) -> Vec<u8> {
    let mut text = String::with_capacity(110 << 20);
    for i in 0..1_000_000 {
        text.push_str(&row(i));
        if i == 700_000 {
            text.push_str(about);
        }
    }
    text.into_bytes()
}

#[test]
#[ignore = "a million rows, several times"]
fn a_million_rows_are_read_in_bounded_memory() {
    let upload = Upload::new();
    let bounds = Bounds { memory: 1024, seconds: 60 };
    let day = |i: u32| format!("201{}-0{}-{}T10:{:02}:00Z", i % 6, 1 + i % 9, 10 + i % 18, i % 60);
    let json = |i: u32| {
        format!(
            "{{\"path\":\"accounts/{:05}/bundle-{i}.pem\",\"uploaded_at\":\"{}\",\"account\":\"acct-{}\"}}",
            i % 15_000,
            day(i),
            i % 15_000
        )
    };
    let here = "{\"path\":\"a.pem\",\"uploaded_at\":\"2015-01-01\"}";
    let plain = million(
        |i| format!("accounts/{:05}/bundle-{i}.pem,{},acct-{}\n", i % 15_000, day(i), i % 15_000),
        "a.pem,2015-01-01,x\n",
    );
    let quoted = million(
        |i| format!("\"accounts/{:05}/bundle-{i}.pem\",\"{}\",\"acct-{}\"\n", i % 15_000, day(i), i % 15_000),
        "\"a.pem\",\"2015-01-01\",\"\"\n",
    );
    let head = |rows: Vec<u8>| [HEAD.as_bytes(), &rows].concat();
    let array =
        [b"[", million(|i| json(i) + ",", &format!("{here},")).as_slice(), here.as_bytes(), b"]"].concat();
    for (what, text, rows) in [
        ("CSV", head(plain), 1_000_000),
        ("CSV with quotes", head(quoted), 1_000_000),
        ("one object a line", million(|i| json(i) + "\n", &format!("{here}\n")), 1_000_000),
        ("an array", array, 1_000_000),
    ] {
        let ran = upload.plan(bounds, &text, &[]);
        assert_eq!(ran.status, 1, "{what}: {ran:?}");
        let plan = upload.0.json("case/plan.json");
        assert_eq!(plan["keys"][0]["exposure"], "exposed", "{what}");
        let told: Vec<&Value> = plan["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["code"] == "manifest-row-unmatched")
            .collect();
        assert_eq!(told.len(), 1_001, "{what}: the first thousand, and one for the rest");
        assert!(
            told[1_000]["message"].as_str().unwrap().contains(&format!("{rows} in all")),
            "{what}: {}",
            told[1_000]
        );
    }
}

#[test]
#[ignore = "files of 100 MB"]
fn a_hundred_megabytes_of_one_kind() {
    let upload = Upload::new();
    let bounds = Bounds { memory: 1024, seconds: 60 };
    let size = 100_000_000;
    let good = "a.pem,2015-01-01,\n";
    for (what, text, statuses) in [
        ("a line", format!("{HEAD}{good}{}\n", "a".repeat(size)), [1, 1]),
        ("a line in quotes", format!("{HEAD}{good}\"{}\"\n", "a".repeat(size)), [1, 1]),
        ("an open quote", format!("{HEAD}{good}\"{}\n", "a".repeat(size)), [1, 1]),
        ("quotes", format!("{HEAD}{good}{}\n", "\"".repeat(size)), [1, 1]),
        ("open quotes, one a line", format!("{HEAD}{good}{}", "a,\"b\n".repeat(size / 5)), [1, 1]),
        (
            "open quotes in a column that is not used",
            format!("path,uploaded_at,note\n{good}{}", ",,\"b\n".repeat(size / 5)),
            [1, 1],
        ),
        ("a row of delimiters", format!("{HEAD}{good}{}\n", ",".repeat(size)), [1, 1]),
        ("a header of delimiters", format!("{}\n", ",".repeat(size)), [2, 2]),
        ("a header of one name", "a".repeat(size), [2, 2]),
        ("line ends", format!("{HEAD}{good}{}", "\n".repeat(size)), [1, 1]),
        ("carriage returns", format!("{HEAD}{good}{}", "\r\n".repeat(size / 2)), [1, 1]),
        (
            "a text of JSON",
            format!("[{{\"path\":\"{}\",\"uploaded_at\":\"2015-01-01\"}}]", "a".repeat(size)),
            [1, 1],
        ),
        ("empty arrays", format!("[{}[]]", "[],".repeat(size / 3)), [2, 2]),
        ("deep arrays", "[".repeat(size), [2, 2]),
        (
            "a deep member",
            format!("[{{\"path\":\"a.pem\",\"uploaded_at\":\"2015-01-01\",\"x\":{}", "[".repeat(size)),
            [2, 2],
        ),
        (
            "members",
            format!(
                "[{{{}\"path\":\"a.pem\",\"uploaded_at\":\"2015-01-01\"}}]",
                "\"path\":1,".repeat(size / 9)
            ),
            [1, 2],
        ),
    ] {
        let ran = upload.plan(bounds, text.as_bytes(), &[]);
        assert!(statuses.contains(&ran.status), "{what}: {ran:?}");
        assert!(ran.stdout.len() < 20_000, "{what}");
    }
}
