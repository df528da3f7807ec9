//! Records in columns, as JSON.

/// A record as JSON.
pub(super) fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// A record from JSON.
pub(super) fn content<T: serde::de::DeserializeOwned>(text: &[u8]) -> rusqlite::Result<T> {
    serde_json::from_slice(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}
