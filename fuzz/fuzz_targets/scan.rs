//! A whole file, and the records made of it: each is one line of JSON.
#![no_main]

use certrecall::read::{Place, read_bytes};
use certrecall::report::record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let place = Place::new(0, b"fuzz.pem");
    for (i, item) in read_bytes(data).iter().enumerate() {
        assert_eq!(item.index as usize, i, "items are counted in order");
        let mut line = Vec::new();
        record::push(&mut line, &place, item);
        assert!(!line.contains(&b'\n') && std::str::from_utf8(&line).is_ok_and(|l| l.starts_with("{\"kind\":\"") && l.ends_with('}')));
    }
});
