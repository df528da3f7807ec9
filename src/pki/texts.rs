//! A list of texts in one piece of memory: a certificate has a few names, and there are very many
//! certificates.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Texts in a row, which may hold any character.
///
/// Each follows its length, six bits a character, `@` added to all but the last one: so the whole is a text
/// as well.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Texts(Box<str>);

/// Bits of a length in a character.
const BITS: u32 = 6;
/// What marks that more of a length follows.
const MORE: u8 = 1 << BITS;

impl Texts {
    /// The texts in order.
    #[must_use]
    pub const fn iter(&self) -> Iter<'_> {
        Iter { rest: &self.0 }
    }

    /// The first one.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.iter().next()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<'a> IntoIterator for &'a Texts {
    type IntoIter = Iter<'a>;
    type Item = &'a str;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<T: AsRef<str>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut draft = Draft::default();
        texts.into_iter().for_each(|text| draft.push(text.as_ref()));
        draft.finish()
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Vec::<String>::deserialize(d)?.into_iter().collect())
    }
}

/// The texts of a [`Texts`].
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (mut length, mut shift) = (0, 0);
        for (at, part) in self.rest.bytes().enumerate() {
            length |= usize::from(part & !MORE) << shift;
            shift += BITS;
            if part & MORE == 0 {
                let (text, rest) = self.rest.get(at + 1..)?.split_at_checked(length)?;
                self.rest = rest;
                return Some(text);
            }
        }
        None
    }
}

/// Texts as they are collected.
#[derive(Debug, Default)]
pub(crate) struct Draft(String);

impl Draft {
    /// With room for so many octets: those of the texts and one for each of usual length.
    pub(crate) fn with_room(octets: usize) -> Self {
        Self(String::with_capacity(octets))
    }

    /// Appends a text.
    pub(crate) fn push(&mut self, text: &str) {
        let mut length = text.len();
        while length >> BITS > 0 {
            self.0.push(char::from(length as u8 & (MORE - 1) | MORE));
            length >>= BITS;
        }
        self.0.push(char::from(length as u8));
        self.0.push_str(text);
    }

    /// The list.
    pub(crate) fn finish(self) -> Texts {
        Texts(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_and_kind_come_back() {
        let odd = ["", "\0", "a\0b", "@", "ü\u{202e}\u{fffd}", "日本", ""].map(str::to_owned);
        let lengths = [1, 62, 63, 64, 65, 4095, 4096, 4097, 300_000].map(|n| "x".repeat(n));
        let wanted: Vec<String> = odd.into_iter().chain(lengths).collect();
        for count in 0..=wanted.len() {
            let texts: Texts = wanted[..count].iter().collect();
            assert!(texts.iter().eq(&wanted[..count]), "{count}");
            assert_eq!((texts.len(), texts.is_empty()), (count, count == 0));
            assert_eq!(texts.first(), wanted[..count].first().map(String::as_str));
        }
    }
}
