//! Trouble that does not stop the run: a code, a place and a hint. Every code has a head in
//! `docs/findings.md`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal $says:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = $says] $variant,)*
        }

        impl $name {
            /// Every value, in the order of their names.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name, in kebab case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $says,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }
    };
}

codes! {
    /// What is noteworthy about an object, a file, a piece of evidence or a request.
    Code {
        BadPadding "bad-padding" "the base64 text ends with wrong padding; it was read all the same",
        BadTime "bad-time" "a validity date is not in a form that RFC 5280 allows",
        BerEncoding "ber-encoding" "the encoding is BER but not DER; it was read all the same",
        CaAlone "ca-alone" "the certificate signed itself and may only issue others; it is taken as a root that came without its key",
        CaEntryUnmatched "ca-entry-unmatched" "an entry of a file about CAs matches nothing that was found here",
        ChainBySignature "chain-by-signature" "the certificate issued another one here; it is taken as that of a CA that came without its key",
        ClientAuthEnds "client-auth-ends" "it is for clients too, and public CAs end that in 2026",
        CommonNameAdded "common-name-added" "the certificate has no host among its alternative names; each common name that is one was added",
        CryptoNotSupported "crypto-not-supported" "the key is of a kind that replacements are not made for; P-256 was used instead",
        DecisionOutdated "decision-outdated" "a decision cleared the key on weaker evidence than there is now; it does not hold any more",
        DecisionUnmatched "decision-unmatched" "a decision names a key that was not found here",
        DuplicateExtension "duplicate-extension" "an extension occurs twice; the first one counts",
        EvidenceDisagrees "evidence-disagrees" "two pieces of evidence contradict each other; the stronger one decided",
        EvidenceGone "evidence-gone" "the file is gone, changed or not readable any more; what the case recorded of it stays",
        ExplicitCurve "explicit-curve" "the curve is written out as numbers instead of a name",
        ExplicitDefault "explicit-default" "a default value is encoded although DER forbids it",
        ExposureMilder "exposure-milder" "the key is less exposed than the case had it before",
        ExtensionNotRead "extension-not-read" "an extension could not be decoded",
        FileTimeIgnored "file-time-ignored" "the time of the file is impossible (before 2000, or before its oldest certificate) and was ignored",
        FileWithoutRecord "file-without-record" "the manifest has no row for this file",
        KeyMismatch "key-mismatch" "a part of the private key contradicts its private numbers, which were believed",
        KeyTypeChanged "key-type-changed" "the new key is of another kind or size than the old one",
        LabelDiffers "label-differs" "the label says something else than the content; the content was believed",
        LongSerial "long-serial" "the serial number has more than 20 octets",
        ManifestFewMatches "manifest-few-matches" "few rows of the manifest match a file",
        ManifestRowBad "manifest-row-bad" "a row of the manifest could not be used",
        ManifestRowDoubtful "manifest-row-doubtful" "a row of the manifest was read, but something in it is doubtful",
        ManifestRowUnmatched "manifest-row-unmatched" "a row of the manifest matches no file",
        MissingEnd "missing-end" "the block has no END line; it was read all the same",
        NameLeftOut "name-left-out" "a name of the old certificate is malformed, and is not asked for",
        NameMended "name-mended" "a name of the old certificate is asked for in the form that the standards allow",
        NameNormalised "name-normalised" "a name in the manifest is written otherwise than the one here, and is the same after normalisation",
        NegativeSerial "negative-serial" "the serial number is negative",
        NoUploadRecord "no-upload-record" "nothing tells when it was uploaded; the dates of the certificates alone speak for it",
        NotAtAPublicCa "not-at-a-public-ca" "parts of the old certificate are not asked for, because public CAs refuse them",
        PathDateBad "path-date-bad" "the path has no date where --date-from-path says, or one that no calendar has, or that has not come yet",
        PublicKeyNotComputable "public-key-not-computable" "the public half of this kind of key cannot be computed here",
        PublicKeyNotRead "public-key-not-read" "the public key could not be decoded",
        PublicKeyNotVerified "public-key-not-verified" "the public half was taken from the file; the private part does not prove it",
        RetiredKeyPresent "retired-key-present" "the key is recorded as destroyed, but its private half is still in the input",
        SearchRowBad "search-row-bad" "a row of what a CT search returned could not be used",
        SearchRowDoubtful "search-row-doubtful" "a row of what a CT search returned was read, but something in it is doubtful",
        SearchRowOther "search-row-other" "a row of what a CT search returned is about another key",
        SignatureNotChecked "signature-not-checked" "the signature algorithm cannot be checked here; names and key identifiers alone speak for the link",
        SignedByEndEntity "signed-by-end-entity" "a certificate is signed with the key of one that is not of a CA, which is a sign of misuse",
        SourceChanged "source-changed" "the file changed or vanished while it was read",
        StrictParserRefused "strict-parser-refused" "the strict parser refused it; the outer fields were read by tag",
        SubjectNotReadable "subject-not-readable" "the subject is encoded in a way that most programs, OpenSSL among them, cannot read; it was written anew",
        TargetMismatch "target-mismatch" "a key made before is of a kind or form that the target does not take",
        TrailingData "trailing-data" "bytes follow the object; they were ignored",
        UnknownAlgorithm "unknown-algorithm" "the algorithm is not known here",
        UnusualVersion "unusual-version" "the version is one that no standard defines",
        WeakKey "weak-key" "the key is too short for public use today (RSA below 2048 bits, curves below 224 bits)",
        ZeroSerial "zero-serial" "the serial number is zero",
    }
}

codes! {
    /// Why a record of kind `locked`, `unreadable` or `skipped` is not an object.
    Reason {
        BadBase64 "bad-base64" "the text between BEGIN and END is not base64",
        BadObject "bad-object" "the bytes are not what the label says, nor anything else known",
        DanglingLink "dangling-link" "the link points to nothing",
        EmptyBlock "empty-block" "there is nothing between BEGIN and END",
        FormatNotRead "format-not-read" "a known container that this version cannot open",
        InternalError "internal-error" "reading it ran into a defect of this tool; please report it",
        IoError "io-error" "the operating system refused to read it",
        LinkInArchive "link-in-archive" "a link in an archive; what it leads to is read under its own name, if it is there",
        LinkLoop "link-loop" "following the link leads back to a folder already being read",
        LinkNotFollowed "link-not-followed" "a link to a folder; --follow-symlinks follows it",
        LinkRepeated "link-repeated" "another link to the same folder was followed already",
        MissingEnd "missing-end" "a BEGIN line without END, and the text between them is not an object",
        NoPkiContent "no-pki-content" "nothing of interest is in it",
        OtherFormat "other-format" "a known format that holds no X.509 material",
        OwnCase "own-case" "a case directory of this tool",
        PassphraseNeeded "passphrase-needed" "it is encrypted",
        PermissionDenied "permission-denied" "the operating system denies access",
        SpecialFile "special-file" "a device, socket or FIFO; these are never opened",
        TooDeep "too-deep" "folders, containers or wrapped texts nest deeper than the limit",
        TooLarge "too-large" "it is larger than the limit",
        UnknownLabel "unknown-label" "a PEM block whose label is not known",
        Vanished "vanished" "it was listed but is gone",
    }
}

impl Reason {
    /// Whether an input skipped for this reason is of no concern, so that the run still counts as complete.
    #[must_use]
    pub const fn is_harmless(self) -> bool {
        matches!(self, Self::LinkInArchive | Self::NoPkiContent | Self::OtherFormat | Self::OwnCase)
    }
}

/// A set of [`Code`]s; prints in the order of their names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Codes(u64);

impl Codes {
    /// No codes.
    pub const NONE: Self = Self(0);

    /// Adds one.
    pub const fn insert(&mut self, code: Code) {
        self.0 |= 1 << code as u64;
    }

    /// Whether it is in the set.
    #[must_use]
    pub const fn contains(self, code: Code) -> bool {
        self.0 & (1 << code as u64) != 0
    }

    /// All of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those of this set that are not in the other.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// The codes, sorted by name.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        Code::ALL.iter().copied().filter(move |c| self.contains(*c))
    }
}

impl FromIterator<Code> for Codes {
    fn from_iter<I: IntoIterator<Item = Code>>(codes: I) -> Self {
        let mut set = Self::NONE;
        codes.into_iter().for_each(|c| set.insert(c));
        set
    }
}

impl Serialize for Codes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

/// A name that this version does not know is passed over: records outlive versions.
impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(d)?;
        Ok(Code::ALL.iter().copied().filter(|code| names.iter().any(|name| name == code.as_str())).collect())
    }
}

const _: () = assert!(Code::ALL.len() <= 64, "Codes is a set of 64 bits");

/// A finding with its place: something to tell a person about the run as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of trouble.
    pub code: Code,
    /// Where: a path, `manifest:line`, a certificate.
    pub place: String,
    /// What happened there, in words.
    #[serde(rename = "message")]
    pub says: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_kebab_case() {
        let kebab = |t: &str| t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let codes: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        let reasons: Vec<_> = Reason::ALL.iter().map(|c| c.as_str()).collect();
        for names in [&codes, &reasons] {
            assert!(names.is_sorted(), "{names:?}");
            assert!(names.iter().all(|n| kebab(n)));
        }
    }

    #[test]
    fn a_set_keeps_every_code_apart() {
        for code in Code::ALL {
            let set: Codes = [*code].into_iter().collect();
            assert_eq!(set.iter().collect::<Vec<_>>(), [*code]);
        }
    }
}
