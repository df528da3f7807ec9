//! Tables in files of their own: blocks of a name, what goes in, and what must come out, for people to read.
//!
//! ```text
//! == a row of after the cutoff clears the key
//! <input>
//! --
//! <output>
//! ```
//!
//! `CERTRECALL_BLESS=1` writes the outputs anew; **read the difference before you keep it**.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// Calls `of` with the input of every block of `tests/decisions/tables/NAME`, and compares.
pub(crate) fn hold(name: &str, of: impl Fn(&str) -> String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/decisions/tables").join(name);
    let text = fs::read_to_string(&path).unwrap();
    let (head, blocks) = text.split_once("== ").unwrap();
    let (mut new, mut wrong) = (head.to_owned(), String::new());
    for block in blocks.split("\n== ") {
        let (title, rest) = block.split_once('\n').unwrap();
        let (input, want) =
            rest.split_once("\n--\n").unwrap_or_else(|| (rest.strip_suffix("\n--").unwrap_or(rest), ""));
        let got = of(input.trim_end());
        let (got, want) = (got.trim_end(), want.trim_end());
        if got != want {
            writeln!(wrong, "== {title}\n{}", difference(want, got)).unwrap();
        }
        write!(new, "== {title}\n{}\n--\n{got}\n\n", input.trim_end()).unwrap();
    }
    if std::env::var_os("CERTRECALL_BLESS").is_some() {
        fs::write(&path, new.trim_end().to_owned() + "\n").unwrap();
        return;
    }
    assert!(wrong.is_empty(), "{name}:\n{wrong}");
}

/// Lines that only one of the two has.
fn difference(want: &str, got: &str) -> String {
    let only = |lines: &str, other: &str, sign: char| {
        let has = |line: &&str| !other.lines().any(|l| l == *line);
        lines.lines().filter(has).map(|line| format!("  {sign} {line}\n")).collect::<String>()
    };
    let lines = only(want, got, '-') + &only(got, want, '+');
    if lines.is_empty() { "  the same lines in another order, or not as often\n".to_owned() } else { lines }
}
