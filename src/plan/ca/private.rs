//! Private CAs: what to run, and the form of serial number it wants.

use serde::Deserialize;

use super::data::{Certainty, Operator};
use crate::id::{Serial, hex};

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
    /// Whether it records a reason for a revocation.
    #[serde(default = "yes")]
    pub reasons: bool,
    /// What else there is to know.
    pub says: String,
    /// Where that stands.
    pub source: String,
    /// The day of that.
    pub date: String,
    /// How well it is known.
    pub certainty: Certainty,
}

const fn yes() -> bool {
    true
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
                let octets: Vec<&str> =
                    (0..digits.len()).step_by(2).filter_map(|i| digits.get(i..i + 2)).collect();
                format!("{sign}{}", octets.join(":"))
            }
        }
    }
}

/// A certificate to be revoked, as commands name it.
#[derive(Debug, Clone)]
pub struct ToRevoke<'a> {
    /// Its serial number.
    pub serial: &'a Serial,
    /// A file that holds it and nothing else, PEM.
    pub file: String,
    /// Its issuer, RFC 4514.
    pub issuer: &'a str,
    /// Its authority key identifier.
    pub authority_key_id: Option<&'a [u8]>,
}

impl Kind {
    /// The commands for these certificates, each a program and its arguments; nothing in them is meant for a
    /// shell. Those that name a certificate come for each, those that do not (they publish) once, at the end.
    /// What the operator gives no parameter for stays as `<name>`.
    #[must_use]
    pub fn commands(&self, operator: &Operator, certificates: &[ToRevoke<'_>]) -> Vec<Vec<String>> {
        let names = |command: &Vec<String>| {
            command
                .iter()
                .any(|a| ["{serial}", "{certificate}", "{issuer}", "{aki}"].iter().any(|n| a.contains(n)))
        };
        let own = if operator.revoke.is_empty() { &self.revoke } else { &operator.revoke };
        let (each, once): (Vec<&Vec<String>>, Vec<&Vec<String>>) = own.iter().partition(|c| names(c));
        let form = operator.serial.unwrap_or(self.serial);
        let fill_in = |command: &Vec<String>, to_revoke: &ToRevoke<'_>| -> Vec<String> {
            let value = |name: &str| match name {
                "serial" => form.write(to_revoke.serial),
                "certificate" => to_revoke.file.clone(),
                "issuer" => url_encoded(to_revoke.issuer),
                "aki" if !operator.parameters.contains_key("aki") => {
                    to_revoke.authority_key_id.map_or_else(|| "<aki>".to_owned(), hex)
                }
                other => operator.parameters.get(other).cloned().unwrap_or_else(|| format!("<{other}>")),
            };
            command.iter().map(|argument| fill(argument, &value)).collect()
        };
        let mut out: Vec<Vec<String>> =
            certificates.iter().flat_map(|c| each.iter().map(move |command| fill_in(command, c))).collect();
        out.extend(
            certificates
                .first()
                .into_iter()
                .flat_map(|c| once.iter().map(move |command| fill_in(command, c))),
        );
        out
    }

    /// Whether its commands name a file of the certificate.
    #[must_use]
    pub fn names_files(&self, operator: &Operator) -> bool {
        let own = if operator.revoke.is_empty() { &self.revoke } else { &operator.revoke };
        own.iter().flatten().any(|argument| argument.contains("{certificate}"))
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
