//! Pages that repeat what the code knows are held against it.

use std::fs;

use certrecall::assess::manifest::Field;
use certrecall::finding::{Code, Reason};
use certrecall::rekey::complete::{Check, Layout, Waiver};

fn page(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR")))
        .unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The heads of one section of a page, each with the text below it.
fn heads<'p>(page: &'p str, section: &str) -> Vec<(&'p str, &'p str)> {
    let (_, text) = page.split_once(&format!("\n## {section}\n")).expect("the section is there");
    let text = text.split("\n## ").next().unwrap_or_default();
    text.split("\n### ")
        .skip(1)
        .map(|part| part.split_once('\n').expect("a head has text below it"))
        .collect()
}

/// The sentence of the tool as a page prints it.
fn sentence(says: &str) -> String {
    let mut letters = says.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

#[test]
fn every_finding_and_reason_has_a_head_and_every_head_is_one() {
    let page = page("docs/findings.md");
    let codes: Vec<_> = Code::ALL.iter().map(|c| (c.as_str(), c.describe())).collect();
    let reasons: Vec<_> = Reason::ALL.iter().map(|r| (r.as_str(), r.describe())).collect();
    for (section, known) in [("Findings", codes), ("Reasons", reasons)] {
        let heads = heads(&page, section);
        let names: Vec<_> = heads.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, known.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{section}");
        for ((name, text), (_, says)) in heads.iter().zip(&known) {
            let parts: Vec<_> = text.trim().split("\n\n").collect();
            assert_eq!(parts.first().copied(), Some(&*sentence(says)), "{name}: the sentence of the tool");
            assert!(
                parts.len() == 3
                    && parts[1].starts_with("**Why it matters.** ")
                    && parts[2].starts_with("**What to do.** "),
                "{name}"
            );
        }
    }
}

#[test]
fn the_harmless_reasons_are_the_ones_that_the_pages_name() {
    let harmless: Vec<_> = Reason::ALL.iter().filter(|r| r.is_harmless()).map(|r| format!("`{r}`")).collect();
    for path in ["docs/findings.md", "README.md"] {
        let page = page(path);
        assert!(harmless.iter().all(|name| page.contains(name.as_str())), "{path} names {harmless:?}");
    }
    assert_eq!(harmless.len(), 4, "a new one is named on both pages");
}

#[test]
fn every_column_name_of_a_manifest_is_on_its_page() {
    let page = page("docs/manifest.md");
    for field in Field::ALL {
        let names: Vec<_> = field.usual().iter().map(|n| format!("`{n}`")).collect();
        let row = format!("| {} | {} |", field.as_str(), names.join(", "));
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn every_check_of_what_was_issued_has_its_row() {
    let page = page("docs/complete.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|l| l.starts_with("| `"))
        .map(|l| l.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let known = |row: &&Vec<&str>| Check::named(row[0].trim_matches('`')).is_some();
    let names: Vec<&str> = rows.iter().filter(known).map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(names, Check::ALL.iter().map(|c| c.as_str()).collect::<Vec<_>>());
    for (row, check) in rows.iter().filter(known).zip(Check::ALL) {
        assert!(row[1].starts_with(check.describe()), "{check}: {}", row[1]);
        let outcome = match check.waiver() {
            Waiver::Told => "told".to_owned(),
            Waiver::Never => "refused".to_owned(),
            Waiver::Name => "refused; `--waive-name NAME`".to_owned(),
            Waiver::AcceptUnknownRoot => "refused; `--accept-unknown-root`".to_owned(),
            Waiver::Waive => format!("refused; `--waive {check}`"),
        };
        assert_eq!(row[2], outcome, "{check}");
    }
    for (name, _) in Layout::ALL {
        assert!(rows.iter().any(|row| row[0] == format!("`{name}`")), "{name}");
    }
}
