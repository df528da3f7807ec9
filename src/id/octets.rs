//! Short strings of octets, as serial numbers and key identifiers are.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hex::{from_hex, hex};

/// Octets of any number; the usual 20, and two more, lie in place. Read as a slice.
#[derive(Clone)]
pub struct Octets(Kept);

#[derive(Clone)]
enum Kept {
    Here { length: u8, octets: [u8; HERE] },
    Away(Box<[u8]>),
}

/// Octets that lie in place.
const HERE: usize = 22;

const _: () = assert!(size_of::<Option<Octets>>() == 24, "there are very many of them");

impl From<&[u8]> for Octets {
    fn from(content: &[u8]) -> Self {
        let mut octets = [0; HERE];
        match octets.get_mut(..content.len()) {
            Some(start) => {
                start.copy_from_slice(content);
                Self(Kept::Here { length: content.len() as u8, octets })
            }
            None => Self(Kept::Away(content.into())),
        }
    }
}

impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kept::Here { length, octets } => &octets[..usize::from(*length)],
            Kept::Away(octets) => octets,
        }
    }
}

/// As lower-case hexadecimal.
impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex(self))
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let octets = from_hex(&String::deserialize(d)?);
        octets.map(|octets| Self::from(&*octets)).ok_or_else(|| serde::de::Error::custom("not hexadecimal"))
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self))
    }
}

impl PartialEq for Octets {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Octets {}

impl PartialOrd for Octets {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Octets {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for Octets {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_of_every_length_are_what_they_were() {
        let all: Vec<u8> = (0..60).collect();
        for length in 0..all.len() {
            let octets = Octets::from(&all[..length]);
            assert_eq!(*octets, all[..length]);
            assert_eq!(octets, octets.clone());
            assert!(octets < Octets::from(&all[..=length]));
        }
    }
}
