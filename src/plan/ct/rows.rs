//! The forms in which a search of Certificate Transparency logs comes: crt.sh's JSON, certspotter's JSON, one
//! object a line, or CSV. Read as a stream, row by row; what stands in a row is taken as it is.

use std::fmt;
use std::io::Read as _;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::CtError;
use crate::id::SpkiHash;
use crate::limits;

/// One row as it stands; empty fields are none.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Whether it was an object at all.
    pub(super) is_object: bool,
    pub(super) id: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) serial: Option<String>,
    /// Why it cannot be used, as far as its form tells.
    pub(super) wrong: Option<&'static str>,
    pub(super) not_before: Option<String>,
    pub(super) not_after: Option<String>,
    pub(super) names: Vec<String>,
    pub(super) key: Option<String>,
    pub(super) sha256: Option<String>,
    pub(super) der: Option<String>,
    /// Whether it has members or columns that are not read.
    pub(super) has_more: bool,
}

/// What a column or member says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Id,
    Issuer,
    Serial,
    NotBefore,
    NotAfter,
    Names,
    Key,
    /// The key, if it is the hash of one.
    MaybeKey,
    Sha256,
    Der,
}

impl Field {
    /// By the name of a column or member, in any spelling of its words.
    fn named(name: &str) -> Option<Self> {
        let clean: String =
            name.chars().filter(|c| c.is_alphanumeric()).take(64).collect::<String>().to_lowercase();
        Some(match clean.as_str() {
            "id" | "crtshid" | "mincertid" | "certificateid" => Self::Id,
            "issuer" | "issuername" | "issuerdn" | "ca" => Self::Issuer,
            "serialnumber" | "serial" | "certificateserial" => Self::Serial,
            "notbefore" | "validfrom" | "notbeforerfc3339" => Self::NotBefore,
            "notafter" | "validto" | "validuntil" | "expires" | "notafterrfc3339" => Self::NotAfter,
            "namevalue" | "commonname" | "dnsnames" | "matchingidentities" | "identities" | "names"
            | "san" | "sans" => Self::Names,
            "pubkeysha256" | "spkisha256" | "keysha256" => Self::Key,
            "key" | "spki" => Self::MaybeKey,
            "certsha256" | "sha256" | "fingerprint" | "fingerprintsha256" | "certificatesha256" => {
                Self::Sha256
            }
            "certder" | "der" => Self::Der,
            _ => return None,
        })
    }
}

impl Row {
    fn put(&mut self, field: Field, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let place = match field {
            Field::Names => {
                return self.names.extend(
                    text.split(['\n', '\r']).map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned),
                );
            }
            Field::Id => &mut self.id,
            Field::Issuer => &mut self.issuer,
            Field::Serial => &mut self.serial,
            Field::NotBefore => &mut self.not_before,
            Field::NotAfter => &mut self.not_after,
            Field::MaybeKey if text.parse::<SpkiHash>().is_err() => {
                self.has_more = true;
                return;
            }
            Field::Key | Field::MaybeKey => &mut self.key,
            Field::Sha256 => &mut self.sha256,
            Field::Der => &mut self.der,
        };
        place.get_or_insert_with(|| text.to_owned());
    }
}

/// Calls `each` with every row and its number: the line of a CSV file, else the number of the object, from 1.
pub(super) fn each(text: &str, each: &mut dyn FnMut(u64, Row)) -> Result<(), CtError> {
    match text.trim_start().chars().next() {
        None => Err(CtError::new(None, "it is empty; an answer without certificates is []")),
        Some('<') => Err(CtError::new(
            None,
            "it is a web page, not the answer as data; fetch the address with &output=json, again if the server was busy",
        )),
        Some('[') => {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            Rows(each)
                .deserialize(&mut deserializer)
                .and_then(|()| deserializer.end())
                .map_err(|e| broken(&e))
        }
        Some('{') => objects(text, each),
        Some(_) => csv(text, each),
    }
}

fn broken(error: &serde_json::Error) -> CtError {
    CtError::new(
        Some(error.line() as u64),
        &format!("the JSON is broken or cut off ({error}); fetch it again"),
    )
}

/// Objects one after the other; or one that holds the array of rows.
fn objects(text: &str, each: &mut dyn FnMut(u64, Row)) -> Result<(), CtError> {
    let mut at = 0;
    for object in serde_json::Deserializer::from_str(text).into_iter::<Row>() {
        at += 1;
        each(at, object.map_err(|e| broken(&e))?);
    }
    Ok(())
}

/// An array of rows.
struct Rows<'e>(&'e mut dyn FnMut(u64, Row));

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut at = 0;
        while let Some(row) = list.next_element::<Row>()? {
            at += 1;
            (self.0)(at, row);
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowVisitor)
    }
}

struct RowVisitor;

/// What is no object is a row without anything.
macro_rules! not_an_object {
    ($value:ty: $($visit:ident $kind:ty),*) => {
        $(fn $visit<E>(self, _: $kind) -> Result<$value, E> {
            Ok(<$value>::default())
        })*
        fn visit_unit<E>(self) -> Result<$value, E> {
            Ok(<$value>::default())
        }
    };
}

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    not_an_object!(Row: visit_bool bool, visit_i64 i64, visit_u64 u64, visit_f64 f64, visit_str &str);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Row, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Row::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
        let mut row = Row { is_object: true, ..Row::default() };
        while let Some(name) = map.next_key::<String>()? {
            match Field::named(&name) {
                None => {
                    row.has_more = true;
                    map.next_value::<IgnoredAny>()?;
                }
                Some(field) => {
                    let texts = map.next_value::<Texts>()?;
                    // Digits alone are hexadecimal in a text; a number would be another one.
                    if texts.is_number && matches!(field, Field::Serial) {
                        row.wrong = Some("its serial number is a number, not a text of hexadecimal digits");
                    }
                    texts.list.iter().for_each(|text| row.put(field, text));
                }
            }
        }
        Ok(row)
    }
}

/// What a member holds as texts: a text, a number, the texts of a list, the `name` of an object
/// (certspotter's issuer), or nothing.
#[derive(Default)]
struct Texts {
    list: Vec<String>,
    is_number: bool,
}

impl Texts {
    const fn of(list: Vec<String>) -> Self {
        Self { list, is_number: false }
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor { outermost: true })
    }
}

/// Lists and objects within are looked at one level deep.
#[derive(Clone, Copy)]
struct TextsVisitor {
    outermost: bool,
}

impl<'de> DeserializeSeed<'de> for TextsVisitor {
    type Value = Texts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Texts, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    not_an_object!(Texts: visit_bool bool, visit_f64 f64);

    fn visit_i64<E>(self, value: i64) -> Result<Texts, E> {
        Ok(Texts { list: vec![value.to_string()], is_number: true })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Texts, E> {
        Ok(Texts { list: vec![value.to_string()], is_number: true })
    }

    fn visit_str<E>(self, value: &str) -> Result<Texts, E> {
        Ok(Texts::of(vec![value.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
        let mut out = Vec::new();
        if !self.outermost {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Texts::of(out));
        }
        while let Some(inner) = list.next_element_seed(Self { outermost: false })? {
            out.extend(inner.list);
            if out.len() > limits::NAMES {
                return Err(A::Error::custom("a list in it is too long"));
            }
        }
        Ok(Texts::of(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        let mut out = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if self.outermost && name == "name" {
                out = map.next_value_seed(Self { outermost: false })?.list;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Texts::of(out))
    }
}

fn csv(text: &str, each: &mut dyn FnMut(u64, Row)) -> Result<(), CtError> {
    let first = text.trim_start().lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t', b'|']
        .into_iter()
        .max_by_key(|d| first.bytes().filter(|b| b == d).count())
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes().chain(LAST_ROW.as_bytes()));
    let mut record = csv::StringRecord::new();
    let wrong = |e: csv::Error| CtError::new(e.position().map(csv::Position::line), "it is no CSV");
    while reader.read_record(&mut record).map_err(wrong)? && record.iter().all(|f| f.trim().is_empty()) {}
    let head: Vec<Option<Field>> =
        record.iter().map(|name| Field::named(name.trim_start_matches('\u{feff}'))).collect();
    let has = |field| head.contains(&Some(field));
    if !(has(Field::Issuer) && (has(Field::Serial) || has(Field::Id)) || has(Field::Sha256)) {
        let line = record.position().map(csv::Position::line);
        return Err(CtError::new(
            line,
            "it needs columns issuer_name and serial_number, as crt.sh's JSON has them, with id, not_before, not_after and name_value beside",
        ));
    }
    let (mut line, mut ended) = (0, false);
    while reader.read_record(&mut record).map_err(wrong)? {
        ended = record.as_slice() == LAST_ROW.trim();
        if ended {
            continue;
        }
        line = record.position().map_or(0, csv::Position::line);
        // A row of blanks alone is none.
        let mut row = Row { is_object: record.iter().any(|f| !f.trim().is_empty()), ..Row::default() };
        if !row.is_object {
            continue;
        }
        for (field, text) in head.iter().zip(&record) {
            match field {
                Some(field) => row.put(*field, text),
                None => row.has_more |= !text.trim().is_empty(),
            }
        }
        let delimiters = |line: &str| line.bytes().filter(|b| *b == delimiter).count();
        let holds_a_row = |field: &str| {
            head.len() > 2 && field.lines().skip(1).any(|line| delimiters(line) + 1 >= head.len())
        };
        if record.len() < head.len()
            || record.iter().skip(head.len()).any(|f| !f.trim().is_empty())
            || record.iter().any(holds_a_row)
        {
            row.wrong = Some(
                "its fields are not those of the header: a quote or a line end is wrong in it, and another row may be lost",
            );
        }
        each(line, row);
    }
    if !ended {
        return Err(CtError::new(
            Some(line),
            "a quote opens in this row and is not closed; what follows it would be lost",
        ));
    }
    Ok(())
}

/// A row behind the last one: where a quote is open at the end of the text, it is not met as a row.
const LAST_ROW: &str = "\n\u{1}end\n";
