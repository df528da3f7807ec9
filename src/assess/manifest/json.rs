//! Manifests in JSON: an array of objects, an object that holds one, one object, or one object a line. Read
//! as a stream: of a row only the members that can be used are kept, so neither a wide row nor a deep one
//! costs memory.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::columns::{FIELDS, Mapping, clean};
use super::model::{Fields, Manifest, ManifestError, TIMES, add_value};
use super::taken::COLUMNS;
use crate::limits;

const WRONG: &str =
    "a JSON manifest is an array of objects with path or sha256 and uploaded_at, or one such object a line";

/// How elements are read, and which of their members were used as what.
struct Reader<'a> {
    mapping: &'a Mapping,
    used: RefCell<BTreeSet<(usize, String)>>,
}

impl Reader<'_> {
    fn take(&self, field: usize, member: &str) {
        let mut used = self.used.borrow_mut();
        if used.len() < COLUMNS && !used.iter().any(|(f, m)| *f == field && m == member) {
            used.insert((field, member.to_owned()));
        }
    }
}

pub(super) fn read(manifest: &mut Manifest, text: &str, mapping: &Mapping) -> Result<(), ManifestError> {
    let reader = Reader { mapping, used: RefCell::default() };
    let read = rows(manifest, text, &reader);
    reader.used.into_inner().iter().for_each(|(field, member)| manifest.take_column(*field, member));
    read
}

fn rows(manifest: &mut Manifest, text: &str, reader: &Reader<'_>) -> Result<(), ManifestError> {
    let mut rows: u64 = 0;
    if text.trim_start().starts_with('[') {
        // A document has no lines of its own: rows are numbered from 1.
        let mut each = |fields: Fields<'static>| {
            rows += 1;
            manifest.add_row(rows, fields);
        };
        let mut json = serde_json::Deserializer::from_str(text);
        let read = json.deserialize_seq(Elements { reader, each: &mut each }).and_then(|()| json.end());
        read.map_err(|error| broken(manifest, &error))?;
    } else {
        objects(manifest, text, reader)?;
    }
    if manifest.survey.is_none() && manifest.rows.len() == manifest.from && manifest.accounts.is_empty() {
        let first = manifest
            .findings
            .list
            .first()
            .map_or_else(String::new, |f| format!(" (the first one: {})", f.says));
        return Err(manifest.error(Some(1), format!("no row of it can be used{first}; {WRONG}")));
    }
    Ok(())
}

fn broken(manifest: &Manifest, error: &serde_json::Error) -> ManifestError {
    manifest.error(Some(error.line() as u64), format!("the JSON is broken, cut off or too deep ({error})"))
}

/// One object, or one a line, or one that holds the rows.
fn objects(manifest: &mut Manifest, text: &str, reader: &Reader<'_>) -> Result<(), ManifestError> {
    let mut lines = text.lines().filter(|l| !l.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let whole_on_a_line = serde_json::from_str::<IgnoredAny>(first).is_ok();
    if whole_on_a_line && lines.next().is_some() {
        a_line_each(manifest, text, reader);
        return Ok(());
    }
    let row = match element(text, reader) {
        Ok(row) => row,
        // Rows a line, of which the first one is broken; or nothing but a broken document.
        Err(_)
            if text.lines().skip(1).any(|l| {
                l.trim_start().starts_with('{') && element(l, reader).is_ok_and(|f| says_something(&f))
            }) =>
        {
            a_line_each(manifest, text, reader);
            return Ok(());
        }
        Err(error) => return Err(broken(manifest, &error)),
    };
    if says_something(&row) {
        manifest.add_row(1, row);
        return Ok(());
    }
    wrapped(manifest, text, reader)
}

fn a_line_each(manifest: &mut Manifest, text: &str, reader: &Reader<'_>) {
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        match element(line, reader) {
            Ok(fields) => manifest.add_row(i as u64 + 1, fields),
            Err(error) => manifest.bad_row(i as u64 + 1, format!("no JSON: {error}")),
        }
    }
}

/// A wrapper around the rows: every array of such objects, whatever its name and however deep.
fn wrapped(manifest: &mut Manifest, text: &str, reader: &Reader<'_>) -> Result<(), ManifestError> {
    let mut wanted = BTreeSet::new();
    let mut look = |array: usize, fields: Fields<'static>| {
        if says_something(&fields) {
            wanted.insert(array);
        }
    };
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(Members { reader, each: &mut look }).map_err(|error| broken(manifest, &error))?;
    if wanted.is_empty() {
        return Err(manifest.error(None, WRONG.to_owned()));
    }
    let mut rows = 0;
    let mut take = |array: usize, fields: Fields<'static>| {
        if wanted.contains(&array) {
            rows += 1;
            manifest.add_row(rows, fields);
        }
    };
    let read = serde_json::Deserializer::from_str(text).deserialize_map(Members { reader, each: &mut take });
    read.map_err(|error| broken(manifest, &error))
}

/// One document as a row; what is no object is one without fields.
fn element(text: &str, reader: &Reader<'_>) -> Result<Fields<'static>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let fields = Element(reader).deserialize(&mut json)?;
    json.end().map(|()| fields)
}

/// Whether an object says when something was uploaded, or an account created.
fn says_something(fields: &Fields<'_>) -> bool {
    let [path, hash, uploaded, account, created, _, serial, host, modified] = fields;
    let named = [path, hash, serial, host].into_iter().any(Option::is_some);
    named && (uploaded.is_some() || modified.is_some()) || (named || account.is_some()) && created.is_some()
}

/// Calls `each` for every element of an array.
struct Elements<'a> {
    reader: &'a Reader<'a>,
    each: &'a mut dyn FnMut(Fields<'static>),
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(fields) = list.next_element_seed(Element(self.reader))? {
            (self.each)(fields);
        }
        Ok(())
    }
}

/// Calls `each` for every element of every array that is a member of an object, with the number of the
/// member.
struct Members<'a> {
    reader: &'a Reader<'a>,
    each: &'a mut dyn FnMut(usize, Fields<'static>),
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let mut arrays = 0;
        each_member(map, self.reader, &mut arrays, self.each)
    }
}

/// Goes through the members of an object; `arrays` counts the arrays in it.
fn each_member<'de, A: MapAccess<'de>>(
    mut map: A,
    reader: &Reader<'_>,
    arrays: &mut usize,
    each: &mut dyn FnMut(usize, Fields<'static>),
) -> Result<(), A::Error> {
    while map.next_key::<IgnoredAny>()?.is_some() {
        map.next_value_seed(Member { reader, arrays: &mut *arrays, each: &mut *each })?;
    }
    Ok(())
}

/// A member of a wrapper: its elements if it is an array, its members if it is another wrapper, else nothing.
struct Member<'a> {
    reader: &'a Reader<'a>,
    arrays: &'a mut usize,
    each: &'a mut dyn FnMut(usize, Fields<'static>),
}

/// Takes whatever a value is and gives the default for it.
macro_rules! nothing {
    ($($visit:ident $kind:ty),*) => {
        $(fn $visit<E>(self, _: $kind) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    nothing!(visit_bool bool, visit_i64 i64, visit_u64 u64, visit_f64 f64, visit_str &str);

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        let (array, each) = (*self.arrays, self.each);
        *self.arrays += 1;
        Elements { reader: self.reader, each: &mut |fields| each(array, fields) }.visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        each_member(map, self.reader, self.arrays, self.each)
    }
}

/// One value as the fields of a row.
struct Element<'a>(&'a Reader<'a>);

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = Fields<'static>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fields<'static>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = Fields<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    nothing!(visit_bool bool, visit_i64 i64, visit_u64 u64, visit_f64 f64, visit_str &str);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Fields<'static>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Fields::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'static>, A::Error> {
        let mut members: Vec<(String, Option<String>)> = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            // Names compare like those of CSV heads.
            let name = if name.len() <= limits::COLUMN_NAME { clean(&name) } else { String::new() };
            if !name.is_empty() && members.len() < limits::COLUMNS && self.0.mapping.can_use(&name) {
                members.push((name, map.next_value::<Scalar>()?.0));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let columns = self.0.mapping.columns(members.iter().map(|(name, _)| &**name));
        let mut out = Fields::default();
        for i in 0..FIELDS {
            out[i] = columns[i].and_then(|c| members[c].1.clone()).map(Cow::Owned);
            columns[i].iter().for_each(|c| self.0.take(i, &members[*c].0));
        }
        for field in TIMES {
            for column in self.0.mapping.more(field, members.iter().map(|(name, _)| &**name)) {
                add_value(&mut out[field as usize], members[column].1.clone().map(Cow::Owned));
                self.0.take(field as usize, &members[column].0);
            }
        }
        Ok(out)
    }
}

/// A text or a number; anything else is nothing.
#[derive(Default)]
struct Scalar(Option<String>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }

    nothing!(visit_bool bool);

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar(serde_json::Number::from_f64(value).map(|n| n.to_string())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.trim()).filter(|t| !t.is_empty()).map(str::to_owned)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        // MongoDB Extended JSON: a text, or a number of milliseconds, which may be an object of its own.
        let mut found = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match &*name {
                "$date" => {
                    let number = |text: &str| {
                        text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit())
                    };
                    found = map
                        .next_value::<Self::Value>()?
                        .0
                        .map(|text| if number(&text) { format!("/Date({text})/") } else { text });
                }
                "$numberLong" | "$numberInt" | "$numberDouble" | "$numberDecimal" | "$oid" => {
                    found = map.next_value::<Self::Value>()?.0
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Scalar(found))
    }
}
