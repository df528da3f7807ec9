//! An incident profile.
#![no_main]

use certrecall::assess::Incident;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Incident::from_toml("fuzz.toml", text);
});
