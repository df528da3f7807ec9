//! What each place where a key lies means for its exposure.

use crate::finding::{Code, Codes};
use crate::inventory::{ChainRule, Inventory, KeyEntry, Occurrence};

/// What an occurrence means for the exposure of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Its private half.
    Private,
    /// A private key that says it is this one, and that nothing verifies.
    Unverified,
    /// A certificate that is judged like an end-entity certificate.
    EndEntity { beside_locked: bool },
    /// A CA certificate that came without its key.
    Chain(ChainRule),
    /// A request or a bare public key beside a locked key that can be its own.
    PublicBesideLocked,
    /// A request or a bare public key.
    Public,
}

impl Role {
    /// Whether it says something of the key. Chain certificates and bare public keys prove nothing either
    /// way.
    pub(super) const fn speaks(self) -> bool {
        !matches!(self, Self::Chain(_) | Self::Public)
    }

    /// What is noteworthy about it.
    pub(super) const fn findings(self) -> Codes {
        let mut out = Codes::NONE;
        match self {
            Self::Chain(ChainRule::Issued | ChainRule::Old) => out.insert(Code::ChainBySignature),
            Self::Chain(ChainRule::Usage) => out.insert(Code::CaAlone),
            Self::Unverified => out.insert(Code::PublicKeyNotVerified),
            _ => {}
        }
        out
    }

    /// Whether what it says is a sign that the key itself was there, so that what hangs on the key is
    /// concerned too.
    pub(super) const fn spreads(self) -> bool {
        self.speaks() && !matches!(self, Self::Unverified)
    }
}

/// Every occurrence of a key that is a reason for or against its exposure, with its part in this.
pub(super) fn occurrences<'k>(inventory: &'k Inventory, key: &'k KeyEntry) -> Vec<(Role, &'k Occurrence)> {
    let mut out: Vec<(Role, &Occurrence)> = key.private.iter().map(|o| (Role::Private, o)).collect();
    out.extend(key.unverified.iter().map(|o| (Role::Unverified, o)));
    let mut with_key: Vec<u32> = key.private.iter().map(|o| o.file).collect();
    with_key.sort_unstable();
    // Where the key itself lies in the same file, it speaks for both.
    let has_key = |file: u32| with_key.binary_search(&file).is_ok();
    for (at, &i) in key.certificates.iter().enumerate() {
        key.part_at(at).into_iter().for_each(|part| inventory.touch_certificates(part));
        let entry = &inventory.certificates[i as usize];
        for occurrence in entry.occurrences.iter().filter(|o| !has_key(o.file)) {
            let in_file = inventory.files[occurrence.file as usize].holds_locked;
            let beside_locked = in_file || inventory.locked_keys.can_be(occurrence.file, key);
            match inventory.chain_rule(i, occurrence.file) {
                Some(rule) if key.private.is_empty() => out.push((Role::Chain(rule), occurrence)),
                // Its own key was found, and speaks for it.
                Some(_) => {}
                None => out.push((Role::EndEntity { beside_locked }, occurrence)),
            }
        }
    }
    for occurrence in key.public.iter().filter(|o| !has_key(o.file)) {
        if inventory.locked_keys.can_be(occurrence.file, key) {
            out.push((Role::PublicBesideLocked, occurrence));
        } else if key.certificates.is_empty() {
            out.push((Role::Public, occurrence));
        }
    }
    out
}

/// The files that a key occurs in, in whatever form; one more than once where it has several.
pub(super) fn files_of<'k>(inventory: &'k Inventory, key: &'k KeyEntry) -> impl Iterator<Item = u32> + 'k {
    let certificates =
        key.certificates.iter().flat_map(|c| inventory.certificates[*c as usize].occurrences.iter());
    key.private_places().chain(key.public.iter()).chain(certificates).map(|o| o.file)
}
