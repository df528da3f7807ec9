//! An upload manifest in whatever form.
#![no_main]

use certrecall::assess::Manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Manifest::parse("fuzz.csv", data);
});
