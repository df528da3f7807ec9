//! Whose certificates they are, scored on real ones: `tests/cas-corpora.txt` was written by hand, and all of
//! it has to be right.
//!
//! The collections lie in the directory named by `CERTRECALL_CORPORA`, by default `target/corpora`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::HashMap;

use certrecall::inventory::{Inventory, Occurrence, chain};
use certrecall::plan::ca::{Cas, Issued};
use certrecall::read;

#[test]
#[ignore = "needs the corpora: unpack them to target/corpora"]
fn real_certificates_are_whose_they_are() {
    let (roots, inventory) = crate::common::corpora();
    let mut at: HashMap<(String, u32), u32> = HashMap::new();
    for (i, entry) in inventory.certificates.iter().enumerate() {
        at.extend(entry.occurrences.iter().map(|o| ((inventory.path(o).into_owned(), o.index), i as u32)));
    }
    let table: Vec<(&str, &str)> = include_str!("../cas-corpora.txt")
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| l.rsplit_once(' ').unwrap_or_else(|| panic!("{l:?} names no operator")))
        .collect();
    assert!(table.len() >= 60, "{} lines", table.len());
    let of = |place: &str| {
        let (path, index) = place.rsplit_once('#').unwrap();
        *at.get(&(path.to_owned(), index.parse().unwrap()))
            .unwrap_or_else(|| panic!("no certificate at {place}"))
    };
    let wanted: Vec<u32> = table.iter().map(|(place, _)| of(place)).collect();
    let cas = Cas::builtin().unwrap();
    let open = |inventory: &Inventory, sha256, occurrences: &[Occurrence]| {
        occurrences.iter().find_map(|o| read::reopen(&roots, &inventory.files[o.file as usize].place, sha256))
    };
    let chains = chain::chains(&inventory, &wanted, cas.anchors(), 2, || open);
    let mut wrong = Vec::new();
    for ((place, want), at) in table.iter().zip(wanted) {
        let certificate = &inventory.certificates[at as usize].certificate;
        let chain = chains.get(&at).map_or(&[][..], Vec::as_slice);
        let issued = Issued {
            issuer: &certificate.issuer.name,
            authority_key_id: certificate.issuer.key_id.as_deref(),
            hosts: &certificate.issuer.hosts,
            chain,
        };
        let found = cas.identify(&issued, None);
        let got = found.operator.map_or("-", |o| &o.id);
        if got != *want {
            wrong.push(format!(
                "{place}: wanted {want}, got {got}, {:?}: {} [{}]",
                found.confidence, found.because, certificate.issuer.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}
