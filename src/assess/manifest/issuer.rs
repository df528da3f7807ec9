//! Issuer and serial number as names of a certificate. Exports write both in many ways; each comparable form
//! here is a text.

use crate::id::hex;
use crate::pki::Certificate;

/// The names by which rows may call a certificate: whole issuer, or its common name alone, with the serial.
pub(super) fn of_certificate(certificate: &Certificate) -> impl Iterator<Item = String> {
    let serial = serial_hex(&certificate.serial.to_hex());
    let parts = attributes(&certificate.issuer.name);
    let common = parts.iter().rev().find(|p| p.starts_with("cn=")).cloned();
    [Some(joined(parts)), common]
        .into_iter()
        .flatten()
        .filter_map(move |issuer| serial.as_ref().map(|s| format!("{s} {issuer}")))
}

/// The names that a row gives: its serial may be hexadecimal or decimal, and digits alone can be either.
pub(super) fn of_row(issuer: &str, serial: &str) -> Vec<String> {
    let issuer =
        if issuer.contains('=') { joined(attributes(issuer)) } else { format!("cn={}", plain(issuer)) };
    let mut serials: Vec<String> = [serial_hex(serial), decimal(serial)].into_iter().flatten().collect();
    serials.dedup();
    serials.into_iter().map(|s| format!("{s} {issuer}")).collect()
}

/// The values of a name without their kinds, sorted, in comparable form: tools differ in what they call rare
/// attributes.
pub(crate) fn values(issuer: &str) -> Vec<String> {
    let mut values: Vec<String> = attributes(issuer)
        .iter()
        .filter_map(|part| part.split_once('=').map(|(_, value)| value.to_owned()))
        .collect();
    values.sort_unstable();
    values
}

/// A whole name in comparable form, whatever the order of its parts; empty for what is not a name.
pub(crate) fn comparable(name: &str) -> String {
    joined(attributes(name))
}

fn joined(mut parts: Vec<String>) -> String {
    // Exports differ in the direction of a name; the order of its parts does not count.
    parts.sort_unstable();
    parts.join(",")
}

/// `CN=R3, O=Let's Encrypt`, `/O=Let's Encrypt/CN=R3` as `cn=r3`, `o=let's encrypt`.
fn attributes(name: &str) -> Vec<String> {
    let slashes = name.trim_start().starts_with('/');
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut letters = name.trim().chars();
    while let Some(c) = letters.next() {
        let last = parts.len() - 1;
        match c {
            '\\' => parts[last].extend(letters.next()),
            // `O="Example, Inc."`, as OpenSSL prints it: the value is quoted whole.
            '"' if !slashes && (quoted || parts[last].trim_end().ends_with('=')) => quoted = !quoted,
            _ if quoted => parts[last].push(c),
            '/' if slashes => parts.push(String::new()),
            ',' | '+' | ';' if !slashes => parts.push(String::new()),
            _ => parts[last].push(c),
        }
    }
    let part = |text: &String| {
        let (kind, value) = text.split_once('=')?;
        let kind = match kind.trim().to_lowercase().as_str() {
            "e" | "email" => "emailaddress".to_owned(),
            "s" => "st".to_owned(),
            other => other.to_owned(),
        };
        Some(format!("{kind}={}", plain(value)))
    };
    parts.iter().filter_map(part).collect()
}

fn plain(value: &str) -> String {
    value.trim().trim_matches('"').split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Hexadecimal digits without `0x`, colons, blanks and zeros in front.
pub(crate) fn serial_hex(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let digits: String =
        text.trim_start_matches("0x").chars().filter(|c| !matches!(c, ':' | ' ' | '-')).collect();
    let usable =
        !digits.is_empty() && digits.len() <= LONGEST && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let sign = if text.starts_with('-') { "-" } else { "" };
    usable.then(|| format!("{sign}{}", digits.trim_start_matches('0')))
}

/// The hexadecimal digits of a decimal number.
fn decimal(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::new();
    for digit in text.bytes() {
        let mut carry = u32::from(digit - b'0');
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 10;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.insert(0, carry as u8);
        }
    }
    Some(hex(&bytes).trim_start_matches('0').to_owned())
}

/// Digits of the longest serial number looked at: those of RFC 5280 section 4.1.2.2 have at most 49.
const LONGEST: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_certificate_named_in_many_ways() {
        let want = of_row("CN=R3,O=Let's Encrypt,C=US", "0a1b");
        for (issuer, serial) in [
            ("C = US, O = Let's Encrypt, CN = R3", "0A:1B"),
            ("/C=US/O=Let's Encrypt/CN=r3", "0xa1b"),
            ("CN=\"R3\", O=Let's  Encrypt, C=US", "00 0a 1b"),
        ] {
            assert_eq!(of_row(issuer, serial), want, "{issuer} {serial}");
        }
        assert!(of_row("CN=R3,O=Let's Encrypt,C=US", "2587").contains(&want[0]), "2587 is 0x0a1b");
        assert_eq!(of_row("R3", "0a1b"), ["a1b cn=r3"]);
        assert_eq!(of_row("CN=a\\,b", "1"), ["1 cn=a,b"]);
        assert!(of_row("R3", "none").is_empty());
        let quoted = of_row("C=US, O=\"CLOUDFLARE, INC.\", CN=Cloudflare TLS Issuing ECC CA 1", "6520");
        assert_eq!(
            quoted[0],
            of_row("CN=Cloudflare TLS Issuing ECC CA 1,O=CLOUDFLARE\\, INC.,C=US", "6520")[0]
        );
        assert_eq!(of_row("CN=\"a \\\" b, c\",O=x", "1")[0], "1 cn=a \" b, c,o=x");
        assert_eq!(values("C = US, O = \"X, Y\""), ["us", "x, y"]);
        assert_eq!(comparable("CN=R3,O=Let's Encrypt,C=US"), comparable("/C=US/O=Let's  Encrypt/CN=r3"));
        assert_eq!(comparable("R3"), "");
    }
}
