//! Names of hosts, compared at label boundaries.

/// Whether a host is `suffix` or below it, compared at label boundaries: `ssl.com` has `ocsp.ssl.com`, not
/// `startssl.com`.
#[must_use]
pub fn is_below(host: &str, suffix: &str) -> bool {
    let host = host.trim_end_matches('.');
    let Some(start) = host.len().checked_sub(suffix.len()) else { return false };
    let labels = host.as_bytes();
    !suffix.is_empty()
        && labels[start..].eq_ignore_ascii_case(suffix.as_bytes())
        && (start == 0 || labels[start - 1] == b'.')
}
