//! The decoded body of a block: the first byte picks its label and whether its headers say that it is
//! encrypted.
#![no_main]

use certrecall::pki::{Label, read_labelled};
use libfuzzer_sys::fuzz_target;

const LABELS: [&[u8]; 11] = [
    b"CERTIFICATE",
    b"TRUSTED CERTIFICATE",
    b"X509 CRL",
    b"CERTIFICATE REQUEST",
    b"PRIVATE KEY",
    b"ENCRYPTED PRIVATE KEY",
    b"OPENSSH PRIVATE KEY",
    b"PUBLIC KEY",
    b"EC PARAMETERS",
    b"PKCS7",
    b"ANYTHING",
];

fuzz_target!(|data: &[u8]| {
    let Some((pick, body)) = data.split_first() else { return };
    let label = LABELS[usize::from(pick & 0x7f) % LABELS.len()];
    let _ = read_labelled(Label::of(label), body, pick & 0x80 != 0);
});
