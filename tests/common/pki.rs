//! A PKI made when the tests run. Serial numbers and dates are fixed, keys are new: nothing may depend on
//! them.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use certrecall::id::{Fingerprint, SpkiHash};
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, RsaKeySize, SanType,
    SerialNumber, SignatureAlgorithm, SigningKey as _,
};

use super::{openssl, unix};

/// The cutoff of the default incident.
pub const CUTOFF: &str = "2016-11-01T00:00:00Z";
/// The time that every test runs at, where it can be given.
pub const NOW: &str = "2026-01-01T00:00:00Z";

/// A key pair.
#[derive(Clone)]
pub struct Key(Arc<KeyPair>);

impl Key {
    /// On P-256: quick to make.
    pub fn new() -> Self {
        Self(Arc::new(KeyPair::generate().unwrap()))
    }

    /// RSA of 2048 bits.
    pub fn rsa() -> Self {
        Self(Arc::new(KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()))
    }

    /// An Ed25519 key that is the same in every run, TEST ONLY: its seed is the hash of a name. What it signs
    /// is the same too.
    pub fn named(name: &str) -> Self {
        let seed = Fingerprint::of(name.as_bytes());
        let prefix =
            [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        Self::from_pem(&pem("PRIVATE KEY", &[&prefix[..], seed.as_bytes()].concat()))
    }

    /// One that lies in PKCS #8 PEM.
    pub fn from_pem(pem: &str) -> Self {
        Self(Arc::new(KeyPair::from_pem(pem).unwrap()))
    }

    /// PKCS #8 in PEM.
    pub fn pem(&self) -> String {
        self.0.serialize_pem()
    }

    /// PKCS #8.
    pub fn der(&self) -> Vec<u8> {
        self.0.serialize_der()
    }

    /// As RFC 5915 (`EC PRIVATE KEY`) or RFC 8017 (`RSA PRIVATE KEY`) has it, with its DER.
    pub fn traditional(&self) -> (String, Vec<u8>) {
        let pem = openssl(&["pkey", "-traditional"], self.pem().as_bytes()).unwrap();
        let der = openssl(&["pkey", "-traditional", "-outform", "DER"], self.pem().as_bytes()).unwrap();
        (String::from_utf8(pem).unwrap(), der)
    }

    /// PKCS #8 encrypted with a passphrase that nobody guesses.
    pub fn encrypted(&self) -> String {
        let pem = openssl(
            &["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-iter", "10", "-passout", "pass:c0rrect-h0rse"],
            self.pem().as_bytes(),
        );
        String::from_utf8(pem.unwrap()).unwrap()
    }

    /// The same of an Ed25519 key, as PBES2 has it (RFC 8018), with noise in the place of what is encrypted:
    /// it is the same in every run.
    pub fn sealed(&self) -> String {
        let oid = |bytes: &[u8]| element(0x06, bytes);
        let sequence = |parts: &[Vec<u8>]| element(0x30, &parts.concat());
        let octets = |bytes: &[u8]| element(0x04, bytes);
        let noise = Fingerprint::of(self.spki().as_bytes());
        let pbkdf2 = sequence(&[
            oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12]),
            sequence(&[octets(&[7; 8]), element(0x02, &[8, 0])]),
        ]);
        let aes = sequence(&[oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a]), octets(&[9; 16])]);
        let pbes2 =
            sequence(&[oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13]), sequence(&[pbkdf2, aes])]);
        pem("ENCRYPTED PRIVATE KEY", &sequence(&[pbes2, octets(&[noise.as_bytes().as_slice(); 2].concat())]))
    }

    /// What `ssh-keygen` writes of a P-256 key with a passphrase (PROTOCOL.key of OpenSSH), with noise in the
    /// place of the private section.
    pub fn encrypted_openssh(&self) -> String {
        let string = |text: &[u8]| [&(text.len() as u32).to_be_bytes()[..], text].concat();
        let spki = self.0.subject_public_key_info();
        let public =
            [string(b"ecdsa-sha2-nistp256"), string(b"nistp256"), string(&spki[spki.len() - 65..])].concat();
        let options = [string(&[7; 16]), 16_u32.to_be_bytes().to_vec()].concat();
        let outer = [
            string(b"aes256-ctr"),
            string(b"bcrypt"),
            string(&options),
            1_u32.to_be_bytes().to_vec(),
            string(&public),
            string(&[9; 160]),
        ];
        pem("OPENSSH PRIVATE KEY", &[&b"openssh-key-v1\0"[..], &outer.concat()].concat())
    }

    /// The bare public key in PEM.
    pub fn public(&self) -> String {
        self.0.public_key_pem()
    }

    /// A certification request for it.
    pub fn request(&self, name: &str) -> String {
        let mut params = leaf(name).params;
        params.use_authority_key_identifier_extension = false;
        params.serial_number = None;
        params.serialize_request(&*self.0).unwrap().pem().unwrap()
    }

    /// The hash of its SubjectPublicKeyInfo.
    pub fn spki(&self) -> SpkiHash {
        SpkiHash::of(&self.0.subject_public_key_info())
    }
}

/// A certificate in the making.
pub struct Draft {
    params: CertificateParams,
    key: Key,
}

/// A certificate with its key.
#[derive(Clone)]
pub struct Cert {
    pub der: Vec<u8>,
    pub key: Key,
    params: Arc<CertificateParams>,
}

/// An end-entity certificate for a host, from 2015 to 2045, on a new key.
pub fn leaf(name: &str) -> Draft {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from_slice(&[0x0a, 0x1b]));
    params.use_authority_key_identifier_extension = true;
    Draft { params, key: Key::new() }.from("2015-01-01").to("2045-01-01")
}

impl Draft {
    pub fn key(mut self, key: &Key) -> Self {
        self.key = key.clone();
        self
    }

    pub fn serial(mut self, serial: u8) -> Self {
        self.params.serial_number = Some(SerialNumber::from_slice(&[serial]));
        self
    }

    pub fn from(mut self, time: &str) -> Self {
        self.params.not_before =
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(unix(time).unsigned_abs());
        self
    }

    pub fn to(mut self, time: &str) -> Self {
        self.params.not_after =
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(unix(time).unsigned_abs());
        self
    }

    pub fn names(mut self, names: &[&str]) -> Self {
        self.params.subject_alt_names =
            names.iter().map(|n| SanType::DnsName((*n).try_into().unwrap())).collect();
        self
    }

    pub fn also(mut self, name: SanType) -> Self {
        self.params.subject_alt_names.push(name);
        self
    }

    pub fn organisation(mut self, name: &str) -> Self {
        self.params.distinguished_name.push(DnType::OrganizationName, name);
        self
    }

    /// Names a host where its issuer publishes revocation lists.
    pub fn published_at(mut self, host: &str) -> Self {
        self.params.crl_distribution_points =
            vec![CrlDistributionPoint { uris: vec![format!("http://{host}/ca.crl")] }];
        self
    }

    /// For these purposes and no others.
    pub fn purposes(mut self, purposes: &[ExtendedKeyUsagePurpose]) -> Self {
        self.params.extended_key_usages = purposes.to_vec();
        self
    }

    /// With one embedded SCT (RFC 6962 section 3.3), its signature noise.
    pub fn logged(mut self, time: &str) -> Self {
        let sized = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
        let time = (unix(time).unsigned_abs() * 1_000).to_be_bytes();
        let sct = [&[0][..], &[7; 32], &time, &[0, 0, 4, 3], &sized(&[9; 70])].concat();
        let list = element(0x04, &sized(&sized(&sct)));
        self.params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], list));
        self
    }

    /// Changed in any way.
    pub fn with(mut self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        change(&mut self.params);
        self
    }

    pub fn authority(mut self) -> Self {
        self.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        self.params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        self.params.subject_alt_names.clear();
        self
    }

    /// Signed by its own key.
    pub fn self_signed(self) -> Cert {
        let der = self.params.self_signed(&*self.key.0).unwrap().der().to_vec();
        Cert { der, key: self.key, params: Arc::new(self.params) }
    }

    /// Signed by the key of a CA.
    pub fn by(self, ca: &Cert) -> Cert {
        let der = self
            .params
            .signed_by(&*self.key.0, &Issuer::from_params(&ca.params, &*ca.key.0))
            .unwrap()
            .der()
            .to_vec();
        Cert { der, key: self.key, params: Arc::new(self.params) }
    }

    /// For any public key, given as algorithm and bits.
    pub fn on_public_by(self, public: &impl PublicKeyData, ca: &Cert) -> Cert {
        let der = self
            .params
            .signed_by(public, &Issuer::from_params(&ca.params, &*ca.key.0))
            .unwrap()
            .der()
            .to_vec();
        Cert { der, key: self.key, params: Arc::new(self.params) }
    }
}

/// A leaf of a public-looking CA that is not part of the inventory, its key uploaded beside it.
pub fn leaked_leaf() -> Cert {
    leaf("leaked.example").by(&public_ca())
}

/// The same key certified again after the cutoff: as compromised as the first.
pub fn reissued_after_cutoff(old: &Cert) -> Cert {
    leaf("leaked.example").key(&old.key).serial(2).from("2019-01-01").by(&public_ca())
}

/// An end-entity certificate signed by its own key.
pub fn self_signed(name: &str) -> Cert {
    leaf(name).self_signed()
}

/// A CA whose certificate the tests do not put anywhere, unless they say so.
pub fn public_ca() -> Cert {
    named_ca("Example Public CA")
}

/// The same on this key.
pub fn public_ca_on(key: &Key) -> Cert {
    leaf("Example Public CA").authority().key(key).self_signed()
}

/// A root of somebody's own.
pub fn private_ca() -> Cert {
    named_ca("Example Private CA")
}

pub fn named_ca(name: &str) -> Cert {
    leaf(name).authority().self_signed()
}

pub fn intermediate_of(root: &Cert) -> Cert {
    leaf("Example Intermediate").authority().serial(3).by(root)
}

/// Certificate text, one after another: what a server is given as its chain.
pub fn chain(certificates: &[&Cert]) -> String {
    certificates.iter().map(|c| c.pem()).collect()
}

/// Key, leaf and the certificates above it in one file.
pub fn bundle(leaf: &Cert, above: &[&Cert]) -> String {
    format!("{}{}{}", leaf.key.pem(), leaf.pem(), chain(above))
}

impl Cert {
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    /// Signs something as the CA that it is.
    pub fn sign_list(&self, list: rcgen::CertificateRevocationListParams) -> String {
        list.signed_by(&Issuer::from_params(&self.params, &*self.key.0)).unwrap().pem().unwrap()
    }

    pub fn sha256(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }

    /// Signed anew after its fields were changed; the parts are those of the TBSCertificate, each a whole
    /// element.
    pub fn with_fields(&self, signer: &Key, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Self {
        let outer = elements(content(&self.der));
        let mut fields: Vec<Vec<u8>> = elements(content(outer[0])).into_iter().map(<[u8]>::to_vec).collect();
        change(&mut fields);
        let tbs = element(0x30, &fields.concat());
        let signature = signer.0.sign(&tbs).unwrap();
        let der =
            element(0x30, &[&tbs, outer[1], &element(0x03, &[&[0], signature.as_slice()].concat())].concat());
        Self { der, key: self.key.clone(), params: Arc::clone(&self.params) }
    }

    /// As version 1: without version and extensions.
    pub fn version_1(&self, signer: &Key) -> Self {
        self.with_fields(signer, |fields| fields.retain(|f| !matches!(f[0], 0xa0 | 0xa3)))
    }

    /// With an end date that is no date.
    pub fn endless(&self, signer: &Key) -> Self {
        self.without_date(1, signer)
    }

    /// With a begin that is no date.
    pub fn beginless(&self, signer: &Key) -> Self {
        self.without_date(0, signer)
    }

    fn without_date(&self, which: usize, signer: &Key) -> Self {
        self.with_fields(signer, |fields| {
            let mut dates = elements(content(&fields[4])).into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>();
            dates[which][4..6].copy_from_slice(b"XX");
            fields[4] = element(0x30, &dates.concat());
        })
    }
}

/// An RSA key by its public numbers.
pub struct RsaPublic(Vec<u8>);

impl RsaPublic {
    /// The modulus of a key, with another exponent.
    pub fn with_exponent(key: &Key, exponent: u8) -> Self {
        let numbers = elements(content(key.0.der_bytes()));
        Self(element(0x30, &[numbers[0], &[0x02, 1, exponent]].concat()))
    }

    pub fn spki(&self) -> SpkiHash {
        SpkiHash::of(&self.subject_public_key_info())
    }
}

impl PublicKeyData for RsaPublic {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

/// The same P-256 key with its point compressed, as a bare public key in PEM: another encoding, hence another
/// raw hash.
pub fn compressed(key: &Key) -> (String, SpkiHash) {
    let der =
        openssl(&["ec", "-pubout", "-conv_form", "compressed", "-outform", "DER"], key.pem().as_bytes())
            .unwrap();
    (pem("PUBLIC KEY", &der), SpkiHash::of(&der))
}

/// PEM with 64 characters a line (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = base64_simd::STANDARD.encode_to_string(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    text.as_bytes()
        .chunks(64)
        .for_each(|line| writeln!(out, "{}", std::str::from_utf8(line).unwrap()).unwrap());
    writeln!(out, "-----END {label}-----").unwrap();
    out
}

/// The elements that lie in some bytes, one after another.
pub fn elements(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (header, length) = head(bytes);
        out.push(&bytes[..header + length]);
        bytes = &bytes[header + length..];
    }
    out
}

pub fn content(bytes: &[u8]) -> &[u8] {
    let (header, length) = head(bytes);
    &bytes[header..header + length]
}

fn head(bytes: &[u8]) -> (usize, usize) {
    match bytes[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let octets = usize::from(long & 0x7f);
            (2 + octets, bytes[2..2 + octets].iter().fold(0, |n, b| n << 8 | usize::from(*b)))
        }
    }
}

pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut out = match content.len() {
        0..0x80 => vec![tag, length[1]],
        0x80..0x100 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    out.extend_from_slice(content);
    out
}
