//! Private CAs: what to run, and the form of serial number it wants.

pub use super::model::{Kind, SerialForm};

use super::model::Operator;
use crate::id::{Serial, hex};

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
