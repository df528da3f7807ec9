//! Names of things: fingerprints, key hashes, serial numbers and step ids, each a type of its own.

mod hex;
mod octets;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use hex::{from_hex, hex, push_hex};
pub use octets::Octets;

/// A text that is not a SHA-256 in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAHash;

impl fmt::Display for NotAHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a SHA-256: 64 hexadecimal digits are needed")
    }
}

impl std::error::Error for NotAHash {}

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Hashes `bytes` with SHA-256.
            #[must_use]
            pub fn of(bytes: &[u8]) -> Self {
                let mut out = [0; 32];
                out.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
                Self(out)
            }

            /// Wraps a hash computed elsewhere.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = NotAHash;

            fn from_str(text: &str) -> Result<Self, NotAHash> {
                let bytes = from_hex(text.trim()).ok_or(NotAHash)?;
                Ok(Self(bytes.try_into().map_err(|_| NotAHash)?))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hash_type! {
    /// SHA-256 of a DER object: of the `Certificate` SEQUENCE alone for certificates (no trailing bytes, no
    /// trust data).
    Fingerprint
}
hash_type! {
    /// SHA-256 of a `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7); the name of a key.
    SpkiHash
}
hash_type! {
    /// SHA-256 over what a certificate is *for* (subject, names, usages): certificates that agree here share
    /// one replacement.
    ProfileHash
}

/// A distinguished name reduced to 16 bytes of a hash over its comparable form (RFC 5280 section 7.1); for
/// linking, not for display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub [u8; 16]);

impl NameId {
    /// Hashes the comparable form of a name.
    #[must_use]
    pub fn of(comparable: &[u8]) -> Self {
        let mut out = [0; 16];
        out.copy_from_slice(&Fingerprint::of(comparable).0[..16]);
        Self(out)
    }
}

impl Serialize for NameId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for NameId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let octets = from_hex(&String::deserialize(d)?).and_then(|octets| octets.try_into().ok());
        octets.map(Self).ok_or_else(|| serde::de::Error::custom("not 32 hexadecimal digits"))
    }
}

/// A certificate serial number: the content octets of its INTEGER, as encoded (RFC 5280 section 4.1.2.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Serial(Octets);

impl Serial {
    /// Takes the content octets of the INTEGER, two's complement, most significant first.
    #[must_use]
    pub fn from_content(content: &[u8]) -> Self {
        Self(content.into())
    }

    /// The content octets as encoded.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.0
    }

    /// Whether the INTEGER is below zero (RFC 5280 forbids it, users have such certificates).
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.0.first().is_some_and(|b| b & 0x80 != 0)
    }

    /// Whether the INTEGER is zero or has no octets at all.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|b| *b == 0)
    }

    /// The magnitude without leading zero octets, and whether the number is negative.
    #[must_use]
    pub fn magnitude(&self) -> (bool, Vec<u8>) {
        let negative = self.is_negative();
        let mut bytes = self.0.to_vec();
        if negative {
            // Two's complement: invert and add one.
            let mut carry = true;
            for b in bytes.iter_mut().rev() {
                let (sum, over) = (!*b).overflowing_add(u8::from(carry));
                *b = sum;
                carry = over;
            }
            if carry {
                bytes.insert(0, 1);
            }
        }
        let zeros = bytes.iter().take_while(|b| **b == 0).count();
        (negative, bytes.split_off(zeros))
    }

    /// Lower-case hexadecimal with an even number of digits, `-` in front of a negative one.
    #[must_use]
    pub fn to_hex(&self) -> String {
        let (negative, bytes) = self.magnitude();
        let digits = if bytes.is_empty() { "00".to_owned() } else { hex(&bytes) };
        if negative { format!("-{digits}") } else { digits }
    }

    /// The number in decimal.
    #[must_use]
    pub fn to_decimal(&self) -> String {
        const BILLION: u64 = 1_000_000_000;
        let (negative, bytes) = self.magnitude();
        if bytes.len() > LONGEST_DECIMAL {
            // Quadratic work on hostile input; the hexadecimal form says the same.
            return String::new();
        }
        if bytes.len() <= 16 {
            let value = bytes.iter().fold(0u128, |n, b| n << 8 | u128::from(*b));
            return if negative { format!("-{value}") } else { value.to_string() };
        }
        // Base 10^9, least significant first.
        let mut limbs: Vec<u32> = vec![0];
        for b in bytes {
            let mut carry = u64::from(b);
            for limb in &mut limbs {
                let value = u64::from(*limb) * 256 + carry;
                *limb = (value % BILLION) as u32;
                carry = value / BILLION;
            }
            if carry > 0 {
                limbs.push(carry as u32);
            }
        }
        let mut out = if negative { "-".to_owned() } else { String::new() };
        let mut limbs = limbs.iter().rev();
        out.push_str(&limbs.next().map_or_else(String::new, ToString::to_string));
        for limb in limbs {
            out.push_str(&format!("{limb:09}"));
        }
        out
    }
}

/// Serial numbers longer than this many octets get no decimal form; RFC 5280 allows 20.
const LONGEST_DECIMAL: usize = 256;

/// The name of a plan step: a hash of what the step does, so that planning twice names it the same. Plans
/// hold very many, so it lies in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId {
    text: [u8; LONGEST_STEP],
    length: u8,
}

/// The longest kind of step, a hyphen and 16 digits.
const LONGEST_STEP: usize = 24;

impl StepId {
    /// Derives the id from the step's kind and the parts that tell it from every other step of that kind.
    #[must_use]
    pub fn derive(kind: &str, parts: &[&[u8]]) -> Self {
        let mut bytes = format!("certrecall/step/1\0{kind}\0").into_bytes();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        let kind = kind.get(..LONGEST_STEP - 17).unwrap_or(kind);
        Self::of(&format!("{kind}-{}", hex(&Fingerprint::of(&bytes).0[..8])))
            .unwrap_or(Self { text: [b'-'; LONGEST_STEP], length: 1 })
    }

    fn of(name: &str) -> Option<Self> {
        let mut text = [0; LONGEST_STEP];
        text.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        Some(Self { text, length: name.len() as u8 })
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Made of a str, whole.
        str::from_utf8(&self.text[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Serialize for StepId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StepId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::of(&text).ok_or_else(|| serde::de::Error::custom("it is too long for the name of a step"))
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_print_as_integers_of_any_sign_and_length() {
        for (content, hex, decimal) in [
            (&[0x00][..], "00", "0"),
            (&[], "00", "0"),
            (&[0x0a, 0x1b], "0a1b", "2587"),
            (&[0x00, 0xff], "ff", "255"),
            (&[0xff], "-01", "-1"),
            (&[0x80], "-80", "-128"),
            (&[0x80, 0x00], "-8000", "-32768"),
            (&[0x01, 0, 0, 0, 0, 0, 0, 0, 0], "010000000000000000", "18446744073709551616"),
        ] {
            let serial = Serial::from_content(content);
            assert_eq!(
                (serial.to_hex().as_str(), serial.to_decimal().as_str()),
                (hex, decimal),
                "{content:?}"
            );
        }
    }

    #[test]
    fn hashes_read_back_what_they_print() {
        let hash = SpkiHash::of(b"key");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("ab".parse::<SpkiHash>(), Err(NotAHash));
        assert_eq!("zz".repeat(32).parse::<SpkiHash>(), Err(NotAHash));
    }

    #[test]
    fn step_ids_depend_on_every_part_and_its_borders() {
        let id = StepId::derive("revoke", &[b"ab", b"c"]);
        assert_ne!(id, StepId::derive("revoke", &[b"a", b"bc"]));
        assert_ne!(id, StepId::derive("verify", &[b"ab", b"c"]));
        assert_eq!(id, StepId::derive("revoke", &[b"ab", b"c"]));
        let text = serde_json::to_string(&StepId::derive("replace", &[b"x"])).unwrap();
        assert_eq!(text.len(), 26);
        assert_eq!(serde_json::from_str::<StepId>(&text).unwrap(), StepId::derive("replace", &[b"x"]));
        assert!(serde_json::from_str::<StepId>(&format!("{:?}", "x".repeat(25))).is_err());
    }
}
