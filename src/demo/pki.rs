//! The certification authorities of the demo, what they issue, and keys as text. All of it by rcgen.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64_simd::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, DistinguishedName, DnType, Error,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize, SerialNumber, SignatureAlgorithm,
    date_time_ymd,
};

use crate::pki::der::Reader;

/// The line above every private key.
const TEST_ONLY: &str = "TEST ONLY - this key is public, never use it\n";

/// Year, month and day.
pub(super) type Day = (i32, u8, u8);

/// What a certificate says, its key aside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// The common name, and for servers the DNS name.
    pub(super) name: &'static str,
    /// The serial number.
    pub(super) serial: u64,
    /// The first day.
    pub(super) from: Day,
    /// The last moment: the midnight that begins this day.
    pub(super) to: Day,
}

/// A certification authority.
pub(super) struct Authority {
    /// Its certificate as PEM.
    pub(super) certificate: String,
    issuer: Issuer<'static, KeyPair>,
    crl: Option<&'static str>,
}

impl Authority {
    /// One that signed itself, and its organisation. `crl` is where it says its revocation lists lie.
    pub(super) fn root(
        facts: Facts,
        organisation: &str,
        crl: Option<&'static str>,
        key: KeyPair,
    ) -> Result<Self, Error> {
        let params = authority(facts, organisation)?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { certificate, issuer: Issuer::new(params, key), crl })
    }

    /// One that this one vouches for.
    pub(super) fn intermediate(
        &self,
        facts: Facts,
        organisation: &str,
        crl: Option<&'static str>,
        key: KeyPair,
    ) -> Result<Self, Error> {
        let mut params = authority(facts, organisation)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        self.point_back(&mut params);
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Self { certificate, issuer: Issuer::new(params, key), crl })
    }

    /// A server certificate as PEM.
    pub(super) fn issue(&self, facts: Facts, key: &impl PublicKeyData) -> Result<String, Error> {
        let mut params = server(facts)?;
        self.point_back(&mut params);
        Ok(params.signed_by(key, &self.issuer)?.pem())
    }

    /// Its private key as PEM.
    pub(super) fn key(&self) -> String {
        pkcs8(self.issuer.key())
    }

    fn point_back(&self, params: &mut CertificateParams) {
        params.use_authority_key_identifier_extension = true;
        params.crl_distribution_points =
            self.crl.iter().map(|uri| CrlDistributionPoint { uris: vec![(*uri).to_owned()] }).collect();
    }
}

/// A server certificate that signed itself, as PEM. It is no CA.
pub(super) fn self_signed(facts: Facts, key: &KeyPair) -> Result<String, Error> {
    Ok(server(facts)?.self_signed(key)?.pem())
}

fn authority(facts: Facts, organisation: &str) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, organisation);
    let mut params = dated(params, facts);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn server(facts: Facts) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new([facts.name.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    let mut params = dated(params, facts);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn dated(mut params: CertificateParams, facts: Facts) -> CertificateParams {
    let day = |(year, month, day): Day| date_time_ymd(year, month, day);
    (params.not_before, params.not_after) = (day(facts.from), day(facts.to));
    params.serial_number = Some(SerialNumber::from_slice(&facts.serial.to_be_bytes()));
    params.distinguished_name.push(DnType::CommonName, facts.name);
    params
}

/// A new key on P-256.
pub(super) fn p256() -> Result<KeyPair, Error> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
}

/// A new key on P-384.
pub(super) fn p384() -> Result<KeyPair, Error> {
    KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)
}

/// A new RSA key of 2048 bits.
pub(super) fn rsa() -> Result<KeyPair, Error> {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
}

/// A new Ed25519 key, in PKCS #8 version 1: OpenSSL before 3.2 refuses version 2 for it.
pub(super) fn ed25519() -> Result<KeyPair, Error> {
    let pair = Ed25519KeyPair::generate().map_err(|_| Error::RingUnspecified)?;
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| Error::RingUnspecified)?;
    KeyPair::try_from(der.as_ref())
}

/// A private key in PKCS #8, with the warning above it.
pub(super) fn pkcs8(key: &KeyPair) -> String {
    format!("{TEST_ONLY}{}", key.serialize_pem())
}

/// An RSA private key in PKCS #1, the form that servers of that time wrote, with the warning above it.
pub(super) fn pkcs1(key: &KeyPair) -> Result<String, Error> {
    let mut reader = Reader::new(key.serialized_der());
    // PrivateKeyInfo: version, algorithm, and the key in its own form inside an OCTET STRING (RFC 5208
    // section 5).
    let inner = reader.sequence().and_then(|mut info| {
        info.integer()?;
        info.sequence()?;
        info.tagged(crate::pki::der::OCTET_STRING).map(|t| t.content)
    });
    let text = STANDARD.encode_to_string(inner.ok_or(Error::CouldNotParseKeyPair)?);
    let mut out = format!("{TEST_ONLY}-----BEGIN RSA PRIVATE KEY-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str("-----END RSA PRIVATE KEY-----\n");
    Ok(out)
}

/// The public half of the encrypted key in `data/demo/locked-key.pem`: a point on P-256, uncompressed.
pub(super) struct LockedKey;

impl LockedKey {
    /// The private half, encrypted (PBES2, AES-256, made with `openssl pkcs8`) under a passphrase that nobody
    /// kept.
    pub(super) const PRIVATE: &'static str = include_str!("../../data/demo/locked-key.pem");

    const POINT: &'static [u8; 65] = b"\
        \x04\x6a\xdc\xf2\x06\x30\xbf\x73\x79\x37\x45\x8b\x3f\x62\xbe\x41\x22\x90\x7a\x95\x09\x2f\x0e\xf2\x36\x58\xbe\xe2\x8d\xfd\xfd\xb4\
        \x5a\x9a\x03\x41\xe0\x2a\x66\x65\x58\x4d\xa2\xc1\xf1\xef\x7d\xed\x12\xa6\xf5\x25\xd1\x49\x37\xb1\x48\x6f\x7d\x32\x95\x43\xcb\xee\x27";
}

impl PublicKeyData for LockedKey {
    fn der_bytes(&self) -> &[u8] {
        Self::POINT
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}
