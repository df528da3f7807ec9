//! Whether a public CA can have issued a certificate, and how long a replacement may be valid.

use super::model::{Cas, Ceiling, Confidence, Identified};
use super::sort::{Reach, Sort};
use crate::pki::Certificate;
use crate::plan::issuance::Issuance;
use crate::time::{DAY, Time};

impl Cas {
    /// Whether a public CA issued it, and the sentence why.
    #[must_use]
    pub fn reach(&self, certificate: &Certificate, identified: &Identified<'_>) -> (Reach, String) {
        if certificate.is_self_signed {
            return match certificate.key.spki.filter(|key| self.is_public_root(key)) {
                Some(_) => (Reach::Public, "its key is that of a public root".to_owned()),
                None => {
                    (Reach::SelfSigned, "it signed itself: there is nobody who could revoke it".to_owned())
                }
            };
        }
        if let Some(operator) = identified.operator.filter(|o| o.is_private()) {
            return (Reach::Private, format!("{} is a private CA: {}", operator.name, identified.because));
        }
        let too_long = self.too_long(Sort::of(certificate), certificate.not_before, certificate.not_after);
        let by_key = matches!(identified.confidence, Confidence::Key | Confidence::KeyOfSubordinate);
        match (too_long, by_key || identified.publicly_known, identified.confidence) {
            (Some(why), true, _) => {
                (Reach::Public, format!("{}. Yet {why}: it was issued against the rules", identified.because))
            }
            (Some(why), false, _) => (Reach::Private, format!("{why}: no public CA issues that")),
            (None, true, _) | (None, _, Confidence::Host) => (Reach::Public, identified.because.clone()),
            (None, false, _) => (Reach::Unknown, identified.because.clone()),
        }
    }

    /// The rule for certificates of this sort issued at this time.
    #[must_use]
    pub fn ceiling(&self, sort: Sort, issued: Time) -> Option<&Ceiling> {
        self.ceilings
            .iter()
            .filter(|c| c.sort == sort && c.from.is_none_or(|from| from <= issued))
            .max_by_key(|c| c.from)
    }

    /// What the rules of `time` allow a replacement of this sort at a public CA; `None` where there is no
    /// rule.
    #[must_use]
    pub fn max_validity_today(&self, sort: Sort, time: Time) -> Option<&Ceiling> {
        self.ceiling(sort, time)
    }

    /// The rule for the replacement of a certificate, if a public CA issues it.
    #[must_use]
    pub fn replacement_ceiling(&self, issued: &Issuance, time: Time) -> Option<&Ceiling> {
        if matches!(issued.reach, Reach::Public) { self.max_validity_today(issued.sort, time) } else { None }
    }

    /// Says why it is valid for longer than any public CA was allowed to make it; `None` if it is not. Both
    /// ends of the validity belong to it (RFC 5280 section 4.1.2.5).
    #[must_use]
    pub fn too_long(&self, sort: Sort, not_before: Option<Time>, not_after: Option<Time>) -> Option<String> {
        let (from, to) = (not_before?, not_after?);
        let ceiling = self.ceiling(sort, from)?;
        let seconds = to.unix().saturating_sub(from.unix()).saturating_add(1);
        (seconds > i64::from(ceiling.days) * DAY).then(|| {
            // "Any amount of time greater than this [...] shall represent an additional day" (CA/B Forum TLS
            // BR 6.3.2).
            let days = seconds.saturating_add(DAY - 1).div_euclid(DAY);
            let says = format!(
                "it is valid for {days} days, and from {} at most {} days were allowed",
                from.day(),
                ceiling.days
            );
            format!("{says} ({})", ceiling.source)
        })
    }
}
