//! What a person decided about a key. It outranks all evidence of uploads.

use serde::{Deserialize, Serialize};

use super::exposure::Exposure;
use crate::id::SpkiHash;
use crate::time::Time;

/// A recorded decision about one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Whether the key is to be taken as exposed; else it is cleared.
    pub exposed: bool,
    /// Somebody was seen to use it who should not have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub misused: bool,
    /// Why, in the words of whoever decided.
    pub reason: String,
    /// Who decided, or where that was said.
    pub by: String,
    /// When.
    pub at: Time,
    /// What the evidence alone said of the key then; `None` until the first plan that weighs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Exposure>,
}

impl Decision {
    /// Whether it holds, if the evidence alone says this now: a key is cleared on the evidence there was, and
    /// no longer once there is more against it (DESIGN.md 2.9).
    #[must_use]
    pub fn holds(&self, by_evidence: Exposure) -> bool {
        self.exposed || self.on.is_none_or(|on| by_evidence >= on)
    }

    /// Reads `SPKI=REASON` as given to `--clear`; `at` is when it was given.
    ///
    /// # Errors
    /// The text of what is wrong.
    pub fn clear(text: &str, at: Time) -> Result<(SpkiHash, Self), String> {
        let (key, reason) = parts(text, "say why the key is not exposed")?;
        Ok((key, Self { exposed: false, misused: false, reason, by: "--clear".to_owned(), at, on: None }))
    }

    /// Reads `SPKI=REASON` as given to `--misuse`: somebody was seen to use the key who should not have it.
    ///
    /// # Errors
    /// The text of what is wrong.
    pub fn misuse(text: &str, at: Time) -> Result<(SpkiHash, Self), String> {
        let (key, reason) = parts(text, "say what was seen")?;
        Ok((key, Self { exposed: true, misused: true, reason, by: "--misuse".to_owned(), at, on: None }))
    }
}

fn parts(text: &str, wanted: &str) -> Result<(SpkiHash, String), String> {
    let (key, reason) = text.split_once('=').ok_or("it needs a reason: SPKI=REASON")?;
    let key = key.parse().map_err(|e| format!("the name of the key is {e}"))?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(format!("the reason is empty; {wanted}"));
    }
    Ok((key, reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_needs_a_key_and_a_reason() {
        let at = Time::from_unix(0);
        let hash = "ab".repeat(32);
        let (key, decision) = Decision::clear(&format!("{hash}= in an HSM = safe "), at).unwrap();
        assert_eq!(
            (key.to_string(), decision.reason.as_str(), decision.exposed),
            (hash.clone(), "in an HSM = safe", false)
        );
        for wrong in [hash.clone(), format!("{hash}= "), "ab=reason".to_owned()] {
            assert!(Decision::clear(&wrong, at).is_err(), "{wrong}");
        }
        let (_, seen) = Decision::misuse(&format!("{hash}=a host we do not know serves it"), at).unwrap();
        assert!(seen.exposed && seen.misused && Decision::misuse(&hash, at).is_err());
        let text = serde_json::to_string(&decision).unwrap();
        assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
    }
}
