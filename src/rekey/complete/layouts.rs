//! The forms in which servers and portals take a certificate with its key.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use super::facts::Facts;
use super::gather::Met;
use super::names;
use super::pem::{FULL_CHAIN, full_chain};
use super::pkcs12::Exporter;
use crate::pki::show;
use crate::rekey::key::NewKey;
use crate::rekey::{KeyFormat, Made, NewKind, slug};
use crate::secret::Secret;

/// A form to be written beside the plain files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// One PEM file: certificate, chain, key.
    Haproxy,
    /// A manifest with a Secret of type `kubernetes.io/tls`.
    Kubernetes,
    /// Chain, key and lines for the configuration.
    Nginx,
    /// The plain files alone, which every bundle has.
    Pem,
    /// PKCS #12 under a passphrase.
    Pkcs12,
    /// What the form of Zendesk takes: a key without passphrase, and a bundle that begins with the
    /// certificate.
    Zendesk,
}

impl Layout {
    /// Every value with its spelling.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("pem", Self::Pem),
        ("haproxy", Self::Haproxy),
        ("kubernetes", Self::Kubernetes),
        ("nginx", Self::Nginx),
        ("pkcs12", Self::Pkcs12),
        ("zendesk", Self::Zendesk),
    ];

    /// Its name, which is also that of its folder.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, layout)| *layout == self).map_or("", |(name, _)| name)
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Layout {
    type Err = NotALayout;

    fn from_str(text: &str) -> Result<Self, NotALayout> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, layout)| *layout).ok_or(NotALayout)
    }
}

/// A text that names no layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotALayout;

impl fmt::Display for NotALayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a layout: one of")?;
        Layout::ALL
            .iter()
            .enumerate()
            .try_for_each(|(i, (name, _))| write!(f, "{} {name}", if i == 0 { "" } else { "," }))?;
        f.write_str(" is needed")
    }
}

impl std::error::Error for NotALayout {}

/// Kinds of key that Zendesk takes.
const ZENDESK_KINDS: [NewKind; 2] = [NewKind::Rsa2048, NewKind::EcdsaP256];

/// What the files of a layout are made of.
pub(crate) struct Parts<'a> {
    pub(crate) made: &'a Made,
    pub(crate) leaf: &'a Met,
    pub(crate) chain: &'a [Met],
    pub(crate) key: &'a NewKey,
    pub(crate) exporter: Option<&'a Exporter>,
}

/// A file of a layout: `<layout>/<name>`, and what is in it.
pub(crate) type File = (&'static str, Secret);

/// The files of a layout; the reason in words if it cannot be made of these.
pub(crate) fn files(layout: Layout, parts: &Parts<'_>) -> Result<Vec<File>, &'static str> {
    let chain = || Secret::new(full_chain(parts.leaf, parts.chain));
    Ok(match layout {
        Layout::Pem => Vec::new(),
        Layout::Haproxy => vec![("haproxy/haproxy.pem", joined(&[chain(), parts.key()?]))],
        Layout::Kubernetes => vec![("kubernetes/secret.yaml", parts.manifest(&chain(), &parts.key()?))],
        Layout::Nginx => {
            let lines = Secret::new(parts.nginx().into_bytes());
            vec![
                ("nginx/fullchain.pem", chain()),
                ("nginx/key.pem", parts.key()?),
                ("nginx/nginx.conf", lines),
            ]
        }
        Layout::Pkcs12 => vec![("pkcs12/bundle.p12", parts.pkcs12()?)],
        Layout::Zendesk => {
            let kind = NewKind::named(&parts.made.record.key_algorithm, parts.made.record.key_bits);
            // A test holds that this is what data/targets.toml says.
            if !kind.is_some_and(|kind| ZENDESK_KINDS.contains(&kind)) {
                return Err(
                    "Zendesk takes RSA keys of 2048 bits and ECDSA P-256 keys alone; make this replacement with --target zendesk",
                );
            }
            let format = if parts.made.record.key_format == KeyFormat::Pkcs1 {
                KeyFormat::Pkcs1
            } else {
                KeyFormat::Pkcs8
            };
            let key = parts.key.to_pem(format, None).map_err(|_| "the key cannot be encoded")?;
            vec![("zendesk/bundle.pem", chain()), ("zendesk/key.pem", key)]
        }
    })
}

impl Parts<'_> {
    /// The key in PEM without passphrase, in the form that its owner chose.
    fn key(&self) -> Result<Secret, &'static str> {
        let format = match self.made.record.key_format {
            KeyFormat::Pkcs8Encrypted => KeyFormat::Pkcs8,
            format => format,
        };
        self.key.to_pem(format, None).map_err(|_| "the key cannot be encoded")
    }

    fn pkcs12(&self) -> Result<Secret, &'static str> {
        let exporter = self.exporter.ok_or("PKCS #12 needs a passphrase: --export-passphrase-file FILE")?;
        let above: Vec<&[u8]> = self.chain.iter().map(|m| &*m.der).collect();
        let pkcs8 = self.key.to_pkcs8().map_err(|_| "the key cannot be encoded")?;
        let name = show(&self.leaf.certificate.display_name());
        exporter
            .write(&name, pkcs8.expose(), &self.leaf.der, &above)
            .map_err(|_| "the PKCS #12 file cannot be encrypted")
    }

    /// A `v1/Secret` of type `kubernetes.io/tls`; its name is one that Kubernetes takes (RFC 1123 subdomain).
    fn manifest(&self, chain: &Secret, key: &Secret) -> Secret {
        let head = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}-tls\n  annotations:\n    certrecall/certificate-sha256: \"{}\"\ntype: kubernetes.io/tls\ndata:\n  tls.crt: ",
            slug(&self.leaf.certificate.display_name()),
            self.leaf.certificate.sha256
        );
        let encoded = |secret: &Secret| Secret::new(STANDARD.encode_to_string(secret.expose()).into_bytes());
        let text = |text: &str| Secret::new(text.as_bytes().to_vec());
        joined(&[text(&head), encoded(chain), text("\n  tls.key: "), encoded(key), text("\n")])
    }

    /// Lines for the `http` block of nginx.
    fn nginx(&self) -> String {
        let facts = Facts::of_certificate(&self.leaf.der);
        let all: Vec<String> =
            facts.names.iter().filter(|(tag, _)| matches!(tag, 0x82 | 0x87)).map(names::text).collect();
        let plain: Vec<&str> = all.iter().map(String::as_str).filter(|n| is_plain(n)).collect();
        let folder = slug(&self.leaf.certificate.display_name());
        let mut out = String::from(
            "# Put fullchain.pem and key.pem where nginx may read them, key.pem with mode 0600, and set both paths.\n",
        );
        if plain.len() < all.len() {
            let _ = writeln!(
                out,
                "# {} more names of the certificate are left out, for they are not plain host names.",
                all.len() - plain.len()
            );
        }
        out.push_str("server {\n    listen 443 ssl;\n");
        let names = if plain.is_empty() { "_".to_owned() } else { plain.join(" ") };
        let _ = writeln!(out, "    server_name {names};");
        let _ = writeln!(out, "    ssl_certificate /etc/nginx/tls/{folder}/{FULL_CHAIN};");
        let _ = writeln!(out, "    ssl_certificate_key /etc/nginx/tls/{folder}/key.pem;");
        if facts.must_staple {
            out.push_str("    # The certificate says that clients must insist on an OCSP answer (RFC 7633).\n    ssl_stapling on;\n    ssl_stapling_verify on;\n");
        }
        out.push_str("}\n");
        out
    }
}

/// Whether a name can stand in a configuration as it is.
fn is_plain(name: &str) -> bool {
    // A dot before or behind a name means something else there.
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    rest.len() <= 253 && rest.split('.').all(is_label)
}

/// One text of several; the room is made at once, so that no copy of a secret stays behind.
fn joined(parts: &[Secret]) -> Secret {
    let mut out = Zeroizing::new(Vec::with_capacity(parts.iter().map(|p| p.expose().len()).sum()));
    parts.iter().for_each(|p| out.extend_from_slice(p.expose()));
    Secret::new(std::mem::take(&mut *out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_read_back() {
        for (name, layout) in Layout::ALL {
            assert_eq!((name.parse(), layout.to_string().as_str()), (Ok(*layout), *name));
            assert!(NotALayout.to_string().contains(name));
        }
        assert!("iis".parse::<Layout>().is_err());
    }

    #[test]
    fn zendesk_is_the_target_of_that_name() {
        let target = crate::rekey::Target::named("zendesk").unwrap();
        assert_eq!(target.kinds, ZENDESK_KINDS);
        assert_eq!(target.formats, [KeyFormat::Pkcs8, KeyFormat::Pkcs1]);
    }

    #[test]
    fn names_in_a_configuration_are_plain() {
        for (name, plain) in [
            ("a.example", true),
            ("*.a.example", true),
            ("a;b", false),
            (".", false),
            (".a.example", false),
            ("a.example.", false),
            ("a..example", false),
            ("*.", false),
            ("a_b.example", true),
            ("a b", false),
            ("{x}", false),
            ("*", false),
            ("::1", false),
            ("", false),
        ] {
            assert_eq!(is_plain(name), plain, "{name}");
        }
    }
}
