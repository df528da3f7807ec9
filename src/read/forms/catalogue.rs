//! The notations that are looked for, each with a program that writes it. A notation without a writer has no row.

use super::dumps::Dumps;
use super::notation::Notation;
use super::numbers::Numbers;
use super::quoted::QuotedPrintable;
use super::runs::Runs;
use super::strings::Strings;
use super::values::Values;

/// In this order, dumps first: their offsets are numbers too. The tests below read a sample of each.
pub(crate) const NOTATIONS: [&dyn Notation; 6] = [
    // xxd, hexdump -C, od -t x1, certutil -dump
    &Dumps,
    // base64, kubectl and whatever encodes once more; encoders of hexadecimal, bytea of PostgreSQL
    &Runs,
    // xxd -i, openssl x509 -C, %#v of Go, Buffer of Node.js, colons of openssl -text
    &Numbers,
    // Arrays.toString of Java, casts of Java and C#, BitConverter of .NET, assemblers
    &Values,
    // repr of Python, JSON.stringify
    &Strings,
    // mail programs
    &QuotedPrintable,
];

#[cfg(test)]
mod tests {
    use super::super::haystack::Haystack;
    use super::*;
    use crate::id::Fingerprint;
    use crate::pki::Object;
    use crate::read::read_bytes;

    macro_rules! sample {
        ($name:literal) => {
            ($name, include_bytes!(concat!("../../../testdata/notations/", $name)).as_slice())
        };
    }

    /// The samples of each row.
    const SAMPLES: [&[(&str, &[u8])]; NOTATIONS.len()] = [
        &[sample!("xxd.txt"), sample!("hexdump.txt"), sample!("od.txt")],
        &[sample!("base64-twice.txt"), sample!("node-hex.json")],
        &[sample!("xxd-i.c"), sample!("go.txt"), sample!("node.json")],
        &[sample!("java.txt")],
        &[sample!("python.txt")],
        &[sample!("mime-tools.eml")],
    ];

    #[test]
    fn what_programs_write_is_read() {
        let der = include_bytes!("../../../testdata/notations/cert.der");
        let wanted = Fingerprint::of(der);
        for (notation, samples) in NOTATIONS.iter().zip(SAMPLES) {
            for (name, bytes) in samples {
                let text = Haystack::new(bytes);
                let mut any = false;
                assert!(notation.may_be_in(&text, &(0..bytes.len())), "{name}");
                notation.decode(&text, 0..bytes.len(), &mut |_, _| {
                    any = true;
                    true
                });
                assert!(any, "{name}: its own row finds it");
                let found: Vec<Fingerprint> = read_bytes(bytes)
                    .into_iter()
                    .filter_map(|item| match item.body {
                        Ok(Object::Certificate(certificate)) => Some(certificate.sha256),
                        _ => None,
                    })
                    .collect();
                assert_eq!(found, [wanted], "{name}");
            }
        }
    }
}
