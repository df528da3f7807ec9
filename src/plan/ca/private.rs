//! Private CAs: what to run, and the form of serial number it wants.

use serde::Deserialize;

use super::data::{Certainty, Operator};
use crate::id::Serial;

/// Software that runs private CAs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Short name.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// How it writes serial numbers.
    pub serial: SerialForm,
    /// Commands that revoke for key compromise and publish, in order; lists of arguments with `{names}`.
    pub revoke: Vec<Vec<String>>,
    /// What else there is to know.
    pub says: String,
    /// Where that stands.
    pub source: String,
    /// The day of that.
    pub date: String,
    /// How well it is known.
    pub certainty: Certainty,
}

/// A form of serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SerialForm {
    /// Decimal.
    Decimal,
    /// Lower-case hexadecimal, an even number of digits.
    Hex,
    /// Upper-case hexadecimal, an even number of digits.
    UpperHex,
    /// Lower-case hexadecimal, octets with colons between.
    ColonHex,
}

impl SerialForm {
    /// Writes a serial number; a `-` stands before a negative one.
    #[must_use]
    pub fn write(self, serial: &Serial) -> String {
        let hex = serial.to_hex();
        match self {
            Self::Decimal => serial.to_decimal(),
            Self::Hex => hex,
            Self::UpperHex => hex.to_uppercase(),
            Self::ColonHex => {
                let (sign, digits) = hex.strip_prefix('-').map_or(("", hex.as_str()), |d| ("-", d));
                let octets: Vec<&str> = (0..digits.len()).step_by(2).filter_map(|i| digits.get(i..i + 2)).collect();
                format!("{sign}{}", octets.join(":"))
            }
        }
    }
}

impl Kind {
    /// The commands for one certificate, each a program and its arguments; nothing in them is meant for a shell. `certificate` is the path
    /// of its file. What the operator gives no parameter for stays as `<name>`.
    #[must_use]
    pub fn commands(&self, operator: &Operator, serial: &Serial, certificate: &str, issuer: &str) -> Vec<Vec<String>> {
        let value = |name: &str| match name {
            "serial" => self.serial.write(serial),
            "certificate" => certificate.to_owned(),
            "issuer" => url_encoded(issuer),
            other => operator.parameters.get(other).cloned().unwrap_or_else(|| format!("<{other}>")),
        };
        self.revoke.iter().map(|command| command.iter().map(|argument| fill(argument, &value)).collect()).collect()
    }
}

/// Replaces every `{name}`; what is put in is not looked at again, so a value cannot bring names of its own.
fn fill(argument: &str, value: &impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(argument.len());
    let mut rest = argument;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&value(name));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Percent-encoding (RFC 3986 section 2.1): issuer names stand only in paths of URLs.
fn url_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}
