//! Certificates that came and are for no replacement.

use std::collections::HashSet;

use super::check::Check;
use super::checks::Rules;
use super::gather::Met;
use super::judgement::Stranger;
use super::model::Inputs;
use crate::id::SpkiHash;
use crate::pki::show;

/// An end-entity certificate on a key that is not of a replacement.
pub(super) fn stranger(met: &Met, inputs: &Inputs<'_>, rules: &Rules<'_>) -> Stranger {
    let certificate = &met.certificate;
    let key = certificate.key.spki;
    let name = show(&certificate.display_name());
    let in_any_form =
        |list: &HashSet<SpkiHash>| key.into_iter().chain(certificate.key.spki_raw).any(|k| list.contains(&k));
    let damage = key.and_then(|key| inputs.damaged.get(&key));
    let (check, says, ask) = if let Some(damage) = damage {
        let says = format!("{name}: it answers a request of this case, which is damaged: {damage}");
        let ask = "nothing is wrong with the certificate: put the files back as they were made, and run this again; without its key it is of no use, then move the directory out of the case and run `certrecall rekey`";
        (Check::DamagedCase, says, ask)
    } else if (inputs.is_old)(&certificate.sha256) {
        (
            Check::OldCertificate,
            format!("{name}: this is one of the old certificates, not a new one"),
            "send the CA the new request, request.pem",
        )
    } else if in_any_form(rules.exposed) || in_any_form(rules.suspected) {
        let says = format!(
            "{name}: the CA certified the old key again, which is exposed: the certificate is as compromised as the one it replaces"
        );
        (
            Check::OldKey,
            says,
            "ask the CA for a certificate for the new request, request.pem, and to revoke this one",
        )
    } else if in_any_form(rules.inventory) {
        let says = format!("{name}: its key was in the inventory before and is of no replacement");
        (Check::OldKey, says, "send the CA the new request, request.pem")
    } else {
        let says = format!("{name}: its key is of no replacement of this case");
        (
            Check::UnknownKey,
            says,
            "ask the CA whose request this answers; if it is of another case, give it there",
        )
    };
    Stranger {
        sha256: certificate.sha256,
        place: met.place.clone(),
        refused: true,
        check: Some(check),
        says,
        ask,
    }
}

/// A CA certificate that is in no chain that was found.
pub(super) fn unused(met: &Met) -> Stranger {
    let says =
        format!("{}: a CA certificate that is in no chain here; left aside", show(&met.certificate.subject));
    Stranger {
        sha256: met.certificate.sha256,
        place: met.place.clone(),
        refused: false,
        check: None,
        says,
        ask: "",
    }
}
