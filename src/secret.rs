//! Bytes that must not be seen: wiped when dropped, and without any way to print, copy or serialize them by
//! accident.

use zeroize::Zeroizing;

/// A secret. It has no `Debug`, `Display`, `Clone` or `Serialize`; [`Secret::expose`] is the only way in and
/// easy to search for.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership of the bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes. **The caller must not print, log or store them.**
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}
