//! `replacements.toml`: wishes for single replacements, checked as a whole before anything is made of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::format::KeyFormat;
use super::order::{CommonName, NameEdit, Order};
use super::spec::KeySpec;
use crate::id::{Fingerprint, SpkiHash, StepId};
use crate::pki::dn;

/// A replacement that rows can be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its step.
    pub id: StepId,
    /// The name people know it by.
    pub name: String,
    /// Every certificate it replaces.
    pub certificates: Vec<Fingerprint>,
    /// Their keys.
    pub keys: Vec<SpkiHash>,
}

impl Candidate {
    /// Whether it is meant by a step or the beginning of one, a name, or the SHA-256 of a certificate or key.
    #[must_use]
    pub fn is_meant(&self, by: &str) -> bool {
        let step =
            self.id.as_str() == by || (by.len() > "replace-".len() && self.id.as_str().starts_with(by));
        let hash = || {
            by.parse().is_ok_and(|f: Fingerprint| self.certificates.contains(&f))
                || by.parse().is_ok_and(|s: SpkiHash| self.keys.contains(&s))
        };
        step || self.name.eq_ignore_ascii_case(by) || hash()
    }
}

/// What rows say of one replacement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// The kind of the new key.
    pub key: Option<KeySpec>,
    /// The form of its file.
    pub key_format: Option<KeyFormat>,
    /// The content of another subject.
    pub subject: Option<Vec<u8>>,
    /// Names to add and drop.
    pub san: Option<Vec<NameEdit>>,
    /// What becomes of the common name.
    pub common_name: Option<CommonName>,
    /// Nothing is made, for this reason.
    pub skip: Option<String>,
}

impl Wish {
    /// An order with these wishes in the place of its own.
    #[must_use]
    pub fn over(&self, order: Order) -> Order {
        Order {
            key: self.key.unwrap_or(order.key),
            format: self.key_format.unwrap_or(order.format),
            subject: self.subject.clone().or(order.subject),
            names: self.san.clone().unwrap_or(order.names),
            common_name: self.common_name.unwrap_or(order.common_name),
            target: order.target,
        }
    }

    /// Takes over what another row says; the field that both say something else of.
    fn join(&mut self, other: Self) -> Result<(), &'static str> {
        fn one<T: PartialEq>(
            mine: &mut Option<T>,
            other: Option<T>,
            name: &'static str,
        ) -> Result<(), &'static str> {
            match (&mine, &other) {
                (Some(a), Some(b)) if a != b => Err(name),
                (None, Some(_)) => {
                    *mine = other;
                    Ok(())
                }
                _ => Ok(()),
            }
        }
        let Self { key, key_format, subject, san, common_name, skip } = other;
        one(&mut self.key, key, "key")?;
        one(&mut self.key_format, key_format, "key_format")?;
        one(&mut self.subject, subject, "subject")?;
        one(&mut self.san, san, "san")?;
        one(&mut self.common_name, common_name, "common_name")?;
        one(&mut self.skip, skip, "skip")
    }

    fn says_more_than_skip(&self) -> bool {
        self.skip.is_some() && *self != Self { skip: self.skip.clone(), ..Self::default() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsWritten {
    #[serde(default)]
    replacement: Vec<Spanned<RowAsWritten>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowAsWritten {
    r#match: Spanned<String>,
    key: Option<Spanned<String>>,
    key_format: Option<Spanned<String>>,
    subject: Option<Spanned<String>>,
    san: Option<Vec<Spanned<String>>>,
    common_name: Option<Spanned<String>>,
    skip: Option<Spanned<String>>,
}

/// What the rows of a file say, by step, each with the place of the first row about it, `name:line`; `name`
/// is for messages.
///
/// # Errors
/// Everything that is wrong with it, each as `name:line: sentence`: what is no TOML, unknown fields and
/// values, rows that match nothing, rows that contradict one another, and wishes for one certificate that
/// match several.
pub fn wishes(
    name: &str,
    text: &str,
    candidates: &[Candidate],
) -> Result<BTreeMap<StepId, (Wish, String)>, Vec<String>> {
    let place = |at: usize| format!("{name}:{}", text.get(..at).map_or(1, |t| t.matches('\n').count() + 1));
    let AsWritten { replacement: rows } = toml::from_str(text).map_err(|e: toml::de::Error| {
        let place = e.span().map_or_else(|| name.to_owned(), |span| place(span.start));
        let way_out = if e.message().contains("invalid type: map") {
            "; each begins with [[replacement]], in two pairs of brackets"
        } else {
            ""
        };
        vec![format!("{place}: {}{way_out}", e.message())]
    })?;
    let (mut wrong, mut out): (Vec<String>, BTreeMap<StepId, (Wish, String)>) = (Vec::new(), BTreeMap::new());
    for row in rows {
        let line = place(row.span().start);
        let by = row.get_ref().r#match.get_ref().clone();
        let wish = match read(row.into_inner(), &place) {
            Ok(wish) => wish,
            Err(mut errors) => {
                wrong.append(&mut errors);
                continue;
            }
        };
        let meant: Vec<&Candidate> = candidates.iter().filter(|c| c.is_meant(&by)).collect();
        if meant.is_empty() {
            wrong.push(format!("{line}: no replacement of the plan is meant by {by:?}: give a step, a name, or the SHA-256 of a certificate or key"));
        }
        if meant.len() > 1 && (wish.subject.is_some() || wish.san.is_some()) {
            wrong.push(format!(
                "{line}: subject and san are of one certificate, and {by:?} means {}",
                meant.len()
            ));
            continue;
        }
        for candidate in meant {
            let (joined, first) = out.entry(candidate.id).or_insert_with(|| (Wish::default(), line.clone()));
            if let Err(field) = joined.join(wish.clone()) {
                wrong.push(format!("{line}: {field} of {} contradicts what {first} says", candidate.id));
            } else if joined.says_more_than_skip() {
                wrong.push(format!(
                    "{line}: {} is skipped, and something else is wanted of it too ({first})",
                    candidate.id
                ));
            }
        }
    }
    if wrong.is_empty() { Ok(out) } else { Err(wrong) }
}

/// The values of a row.
fn read(row: RowAsWritten, place: &dyn Fn(usize) -> String) -> Result<Wish, Vec<String>> {
    fn one<T>(
        text: Option<Spanned<String>>,
        parse: impl Fn(&str) -> Result<T, String>,
        place: &dyn Fn(usize) -> String,
        wrong: &mut Vec<String>,
    ) -> Option<T> {
        let text = text?;
        let line = place(text.span().start);
        parse(text.get_ref()).map_err(|says| wrong.push(format!("{line}: {says}"))).ok()
    }
    let RowAsWritten { r#match: by, key, key_format, subject, san, common_name, skip } = row;
    let mut wrong = Vec::new();
    let by_line = place(by.span().start);
    let edits = san.map(|all| {
        all.into_iter()
            .filter_map(|text| one(Some(text), str::parse, place, &mut wrong))
            .collect::<Vec<NameEdit>>()
    });
    if let Some(name) = edits.as_deref().and_then(NameEdit::contradict) {
        wrong.push(format!("{by_line}: {name} is to be added and dropped"));
    }
    let reason = |text: &str| {
        if text.trim().is_empty() { Err("skip needs a reason".to_owned()) } else { Ok(text.to_owned()) }
    };
    let wish = Wish {
        key: one(key, |t| t.parse().map_err(|e| format!("{t:?} is {e}")), place, &mut wrong),
        key_format: one(key_format, |t| t.parse().map_err(|e| format!("{t:?} is {e}")), place, &mut wrong),
        subject: one(subject, |t| dn::parse(t).map_err(|e| format!("subject: {e}")), place, &mut wrong),
        common_name: one(common_name, str::parse, place, &mut wrong),
        skip: one(skip, reason, place, &mut wrong),
        san: edits,
    };
    if wrong.is_empty() && wish == Wish::default() {
        wrong.push(format!(
            "{by_line}: the row wants nothing: give key, key_format, subject, san, common_name or skip"
        ));
    }
    if wrong.is_empty() { Ok(wish) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Vec<Candidate> {
        let one = |name: &str| Candidate {
            id: StepId::derive("replace", &[name.as_bytes()]),
            name: name.into(),
            certificates: vec![Fingerprint::of(name.as_bytes())],
            keys: vec![SpkiHash::of(b"one key")],
        };
        vec![one("a.example"), one("b.example")]
    }

    fn wrong(text: &str) -> String {
        wishes("r.toml", text, &candidates()).unwrap_err().join("\n")
    }

    #[test]
    fn rows_match_by_everything_that_names_a_replacement() {
        let all = candidates();
        for by in [
            "A.example".to_owned(),
            all[0].id.to_string(),
            all[0].id.as_str()[..14].to_owned(),
            all[0].certificates[0].to_string(),
        ] {
            let found =
                wishes("r.toml", &format!("[[replacement]]\nmatch = {by:?}\nkey = \"rsa-2048\"\n"), &all)
                    .unwrap();
            assert_eq!(found.keys().collect::<Vec<_>>(), [&all[0].id], "{by}");
        }
        let by = all[0].keys[0].to_string();
        let found =
            wishes("r.toml", &format!("[[replacement]]\nmatch = {by:?}\nskip = \"gone\"\n"), &all).unwrap();
        assert_eq!(found.len(), 2, "the old key means both");
        assert!(!all[0].is_meant("replace-") && !all[0].is_meant(""));
    }

    #[test]
    fn rows_add_up_and_orders_take_them_over() {
        let text = "[[replacement]]\nmatch = \"a.example\"\nkey = \"ed25519\"\nsan = [\"add:x.example\", \"drop:dns:y.example\"]\n\
                    [[replacement]]\nmatch = \"a.example\"\nkey = \"ed25519\"\nsubject = \"CN=x\"\ncommon_name = \"drop\"\nkey_format = \"pkcs8-encrypted\"\n";
        let found = wishes("r.toml", text, &candidates()).unwrap();
        let order = found.values().next().unwrap().0.over(Order::default());
        assert_eq!(
            (order.key, order.format, order.common_name, order.names.len()),
            (KeySpec::Ed25519, KeyFormat::Pkcs8Encrypted, CommonName::Drop, 2)
        );
        assert_eq!(order.subject, Some(dn::parse("CN=x").unwrap()));
        let base = Order { key: KeySpec::Rsa4096, ..Order::default() };
        assert_eq!(Wish::default().over(base.clone()), base);
    }

    #[test]
    fn everything_wrong_is_told_with_its_line() {
        let text = "[[replacement]]\nmatch = \"nobody\"\nkey = \"rsa-2048\"\n\n[[replacement]]\nmatch = \"a.example\"\nkey = \"rsa-1\"\nsubject = \"x\"\nsan = [\"x\"]\n";
        let said = wrong(text);
        for part in [
            "r.toml:1: no replacement",
            "r.toml:7: \"rsa-1\" is not a kind",
            "r.toml:8: subject: \"x\" is no TYPE",
            "r.toml:9: \"x\": write add:",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        let row = |rest: &str| format!("[[replacement]]\nmatch = \"a.example\"\n{rest}\n");
        for (text, part) in [
            ("x = ".to_owned(), "r.toml:1: "),
            (
                "\n[replacement]\nmatch = \"a.example\"\n".to_owned(),
                "r.toml:2: invalid type: map, expected a sequence; each begins with [[replacement]]",
            ),
            (row("unknown = 1"), "unknown field"),
            (row(""), "wants nothing"),
            (row("skip = \" \""), "needs a reason"),
            (row("skip = \"gone\"\nkey = \"rsa-2048\""), "is skipped, and something else"),
            (row("san = [\"add:x\", \"drop:x\"]"), "added and dropped"),
            (row("key = \"rsa-2048\"") + &row("key = \"rsa-4096\""), "r.toml:4: key of replace-"),
            (row("key = \"rsa-2048\"") + &row("skip = \"gone\""), "r.toml:4: replace-"),
            (
                format!("[[replacement]]\nmatch = \"{}\"\nsubject = \"CN=x\"\n", candidates()[0].keys[0]),
                "means 2",
            ),
        ] {
            let said = wrong(&text);
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}
