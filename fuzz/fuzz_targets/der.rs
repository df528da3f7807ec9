//! Bytes without a label: a DER file.
#![no_main]

use certrecall::pki::read_der;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = read_der(data);
});
