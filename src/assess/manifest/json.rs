//! Manifests in JSON: an array of objects, an object that holds one, one object, or one object a line.

use serde_json::Value;

use super::columns::{FIELDS, Mapping, clean};
use super::{Fields, Manifest, ManifestError};

const WRONG: &str = "a JSON manifest is an array of objects with path or sha256 and uploaded_at, or one such object a line";

pub(super) fn read(manifest: &mut Manifest, text: &str, mapping: &Mapping) -> Result<(), ManifestError> {
    let is_row = |value: &Value| says_something(&fields(value, mapping));
    if let Ok(whole) = serde_json::from_str::<Value>(text) {
        let list = match whole {
            Value::Array(list) => list,
            row @ Value::Object(_) if is_row(&row) => vec![row],
            // A wrapper around the rows: its array of such objects, whatever its name.
            Value::Object(map) => {
                let rows = map.into_iter().find_map(|(_, v)| if let Value::Array(list) = v { list.iter().any(is_row).then_some(list) } else { None });
                rows.ok_or_else(|| manifest.error(None, WRONG.to_owned()))?
            }
            _ => return Err(manifest.error(None, WRONG.to_owned())),
        };
        // A document has no lines of its own: rows are numbered from 1.
        for (i, value) in list.iter().enumerate() {
            manifest.add_row(i as u64 + 1, fields(value, mapping));
        }
    } else {
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            match serde_json::from_str::<Value>(line) {
                Ok(value) => manifest.add_row(i as u64 + 1, fields(&value, mapping)),
                Err(e) => manifest.bad_row(i as u64 + 1, format!("no JSON: {e}")),
            }
        }
    }
    if manifest.rows.is_empty() { Err(manifest.error(Some(1), format!("no row of it can be used; {WRONG}"))) } else { Ok(()) }
}

/// The fields of a row; names compare like those of CSV heads.
fn fields(value: &Value, mapping: &Mapping) -> Fields {
    let Some(object) = value.as_object() else { return Fields::default() };
    let heads: Vec<(String, &Value)> = object.iter().map(|(name, value)| (clean(name), value)).collect();
    let columns = mapping.columns(heads.iter().map(|(name, _)| &**name));
    let mut out = Fields::default();
    for i in 0..FIELDS {
        out[i] = columns[i].and_then(|c| match heads[c].1 {
            Value::String(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        });
    }
    out
}

/// Whether an object says when something was uploaded, or an account created.
fn says_something(fields: &Fields) -> bool {
    let [path, hash, uploaded, account, created, _, serial, host] = fields;
    let named = [path, hash, serial, host].into_iter().any(Option::is_some);
    named && uploaded.is_some() || (named || account.is_some()) && created.is_some()
}
