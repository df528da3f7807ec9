//! The lines of a scene.
//!
//! ```text
//! ca NAME [options]                a CA certificate, on the key of that name
//! cert NAME [options]              an end-entity certificate for the host of that name, on the key of that name
//!     key=K by=CA from=T to=T serial=N names=A,B ku=sign,commit,encipher,agree,certsign,crl cn=X org=X use=server,client,code,email crl=HOST sct=T self endless beginless nosan rsa
//! file PATH [at=T] = ITEM...       ITEM: a certificate, key:K, locked:K, public:K, request:K, junk
//! member ARCHIVE PATH [at=T] = ITEM...; packed ARCHIVE T
//! manifest NAME; | LINE            {x} is the fingerprint of the certificate x, {serial x} its serial number, {file PATH} the hash of a file
//! ```
//!
//! The rest is one word and its values each, see [`Scene::line`].

use certrecall::assess::{Because, Decision, Exposure, Held, Kind};
use certrecall::finding::Codes;
use certrecall::id::Fingerprint;
use certrecall::plan::ct::Listed;
use certrecall::time::Span;
use rcgen::{DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose};

use super::Scene;
use crate::LATE;
use crate::common::pki::{Draft, Key, element, leaf, pem, public_ca_on};
use crate::time;

impl Scene {
    /// Reads the lines of a scene.
    pub(super) fn read(text: &str) -> Self {
        let mut scene = Self::new();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            scene.line(line);
        }
        scene
    }

    pub(super) fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "ca" | "cert" => self.certificate(word == "ca", rest),
            "file" => {
                let (path, time, content) = self.content(rest);
                self.folder.write_changed(format!("in/{path}"), content, time.as_deref().unwrap_or(LATE));
            }
            "member" => {
                let (archive, rest) = rest.split_once(' ').unwrap();
                let (path, time, content) = self.content(rest);
                self.archives.entry(archive.to_owned()).or_default().push((path, content, time));
            }
            "packed" => {
                let (archive, time) = rest.split_once(' ').unwrap();
                self.packed.insert(archive.to_owned(), time.to_owned());
            }
            "manifest" => self.manifests.push((rest.to_owned(), String::new())),
            "|" => {
                let line = self.filled(rest);
                if self.manifests.is_empty() {
                    self.manifests.push(("uploads.csv".to_owned(), String::new()));
                }
                self.manifests.last_mut().unwrap().1 += &format!("{line}\n");
            }
            "repeat" => {
                let (times, line) = rest.split_once(' ').unwrap();
                for number in 0..times.parse::<usize>().unwrap() {
                    self.line(
                        &line
                            .replace("{n}", &format!("{number:04}"))
                            .replace("{m}", &format!("{:02}", number % 60)),
                    );
                }
            }
            "map" => self.mapping.push(rest.to_owned()),
            "prefix" => self.prefix = Some(rest.to_owned()),
            "uploaded" => self.uploaded = Some(rest.to_owned()),
            "distrust" => self.distrust = true,
            "cutoff" => self.cutoff = Some(rest.to_owned()),
            "now" => self.now = rest.to_owned(),
            "as-of" => self.as_of = Some(rest.to_owned()),
            "target" => self.target = Some(time(rest)),
            "dates" => self.pattern = Some(rest.to_owned()),
            "listed" => {
                let key = self.key(rest).spki();
                self.listed.insert(key);
            }
            "decided" | "misused" => {
                let (key, what) = rest.split_once(' ').unwrap();
                let (exposed, reason) = what
                    .split_once(' ')
                    .map_or((true, what), |(how, reason)| (how == "exposed" || word == "misused", reason));
                let (on, reason) = match reason.split_once(" on=") {
                    Some((reason, on)) => (Some(Exposure::named(on).unwrap()), reason),
                    None => (None, reason),
                };
                let decision = Decision {
                    exposed,
                    misused: word == "misused",
                    reason: reason.to_owned(),
                    by: "alice".to_owned(),
                    at: time(crate::NOW),
                    on,
                };
                let key = self.key(key).spki();
                self.decisions.insert(key, decision);
            }
            "held" => {
                let (key, exposure) = rest.split_once(' ').unwrap();
                let because = Because::recorded(
                    Kind::Manifest,
                    "old.csv:9".to_owned(),
                    Span::default(),
                    Codes::NONE,
                    "as it was".to_owned(),
                );
                let held = Held { exposure: Exposure::named(exposure).unwrap(), because: vec![because] };
                let key = self.key(key).spki();
                self.held.insert(key, held);
            }
            "made" => {
                let (key, at) = rest.split_once(' ').unwrap();
                let key = self.key(key).spki();
                self.made.insert(key, time(at));
            }
            "only" => self.only.push(rest.to_owned()),
            "root" => self.roots.push(rest.to_owned()),
            "ccadb" => {
                let line = self.filled(rest);
                self.ccadb += &format!("{line}\n");
            }
            "cas" => {
                let line = self.filled(rest);
                self.cas += &format!("{line}\n");
            }
            "found" => self.found(rest),
            "said" => self.said.push(rest.to_owned()),
            _ => panic!("{line:?}"),
        }
    }

    /// A certificate on a key that a search found: `K ISSUER|SERIAL|NAMES|END`, and its name if it is one of
    /// these.
    fn found(&mut self, rest: &str) {
        let (key, rest) = rest.split_once(' ').unwrap();
        let parts: Vec<&str> = rest.split('|').collect();
        let [issuer, serial, names, end, of @ ..] = parts.as_slice() else { panic!("{rest:?}") };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let listed = Listed {
            issuer: (*issuer).to_owned(),
            serial: some(serial),
            names: names.split(',').filter(|n| !n.is_empty()).map(str::to_owned).collect(),
            not_before: None,
            not_after: some(end).map(|t| time(&t)),
            crt_sh_id: None,
            sha256: of.first().map(|name| {
                self.certificates.get(*name).map_or_else(|| Fingerprint::of(name.as_bytes()), |c| c.sha256())
            }),
        };
        let key = self.key(key).spki();
        self.elsewhere.entry(key).or_default().push(listed);
    }

    /// The key of a name.
    fn key(&mut self, name: &str) -> Key {
        self.keys.entry(name.to_owned()).or_insert_with(|| Key::named(name)).clone()
    }

    fn certificate(&mut self, is_ca: bool, rest: &str) {
        let mut words = rest.split_whitespace();
        let name = words.next().unwrap();
        let options: Vec<(&str, &str)> = words.map(|w| w.split_once('=').unwrap_or((w, ""))).collect();
        let option = |wanted: &str| options.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let key = self.key(option("key").unwrap_or(name));
        let mut draft = leaf(option("cn").unwrap_or(name)).key(&key);
        if is_ca {
            draft = draft.authority();
        }
        let mut is_self_signed = is_ca && option("by").is_none();
        for (name, value) in &options {
            draft = match *name {
                "self" => {
                    is_self_signed = true;
                    draft
                }
                "key" | "by" | "cn" | "endless" | "beginless" => draft,
                other => change(draft, other, value),
            };
        }
        let (certificate, signer) = if is_self_signed {
            (draft.self_signed(), key)
        } else {
            let ca = option("by")
                .map_or_else(|| public_ca_on(&Key::named("public")), |ca| self.certificates[ca].clone());
            (draft.by(&ca), ca.key)
        };
        let certificate =
            if option("endless").is_some() { certificate.endless(&signer) } else { certificate };
        let certificate =
            if option("beginless").is_some() { certificate.beginless(&signer) } else { certificate };
        self.certificates.insert(name.to_owned(), certificate);
    }

    /// `PATH [at=T] = ITEM...`
    fn content(&mut self, rest: &str) -> (String, Option<String>, Vec<u8>) {
        let (head, items) = rest.split_once(" =").unwrap();
        let (path, time) =
            head.split_once(" at=").map_or((head, None), |(path, time)| (path, Some(time.to_owned())));
        let mut out = String::new();
        for item in items.split_whitespace() {
            out += &match item.split_once(':') {
                Some(("key", name)) => self.key(name).pem(),
                Some(("locked", name)) => self.key(name).sealed(),
                Some(("public", name)) => self.key(name).public(),
                Some(("request", name)) => self.key(name).request(name),
                Some(("broken", _)) => {
                    "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n".to_owned()
                }
                Some(("jwk", _)) => format!(
                    "{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{0}\",\"y\":\"{0}\",\"d\":\"{0}\"}}\n",
                    "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"
                ),
                // PKCS #8 of an algorithm that nobody knows.
                Some(("odd", _)) => {
                    let parts = [
                        element(0x02, &[0]),
                        element(0x30, &element(0x06, &[0x2a, 3, 4])),
                        element(0x04, &[7; 32]),
                    ];
                    pem("PRIVATE KEY", &element(0x30, &parts.concat()))
                }
                Some(("text", text)) => format!("{text}\n"),
                _ => self.certificates.get(item).unwrap_or_else(|| panic!("{item}")).pem(),
            };
        }
        (path.to_owned(), time, out.into_bytes())
    }

    /// A line with what stands for `{...}` in it.
    pub(super) fn filled(&mut self, line: &str) -> String {
        let (mut out, mut rest) = (String::new(), line);
        while let Some((before, (name, behind))) =
            rest.split_once('{').and_then(|(b, r)| Some((b, r.split_once('}')?)))
        {
            let value = match name.split_once(' ') {
                Some(("key", key)) => self.key(key).spki().to_string(),
                _ if name == "in" => self.folder.path().join("in").to_string_lossy().into_owned(),
                Some(("file", path)) if self.archives.contains_key(path) => {
                    self.write_archives();
                    Fingerprint::of(&self.folder.read(&format!("in/{path}"))).to_string()
                }
                Some(("file", path)) => Fingerprint::of(&self.folder.read(&format!("in/{path}"))).to_string(),
                _ => match self.certificates.get(name) {
                    Some(certificate) => certificate.sha256().to_string(),
                    None => format!("{{{name}}}"),
                },
            };
            out += before;
            out += &value;
            rest = behind;
        }
        out + rest
    }
}

fn change(draft: Draft, name: &str, value: &str) -> Draft {
    let purpose = |text: &str| match text {
        "server" => ExtendedKeyUsagePurpose::ServerAuth,
        "client" => ExtendedKeyUsagePurpose::ClientAuth,
        "code" => ExtendedKeyUsagePurpose::CodeSigning,
        "email" => ExtendedKeyUsagePurpose::EmailProtection,
        _ => ExtendedKeyUsagePurpose::TimeStamping,
    };
    match name {
        "from" => draft.from(value),
        "to" => draft.to(value),
        "serial" => draft.serial(value.parse().unwrap()),
        "names" => draft.names(&value.split(',').collect::<Vec<_>>()),
        "nosan" => draft.names(&[]),
        "org" => draft.organisation(value),
        "use" => draft.purposes(&value.split(',').map(purpose).collect::<Vec<_>>()),
        "crl" => draft.published_at(value),
        "sct" => draft.logged(value),
        "ku" => draft.with(|params| {
            params.key_usages = value.split(',').filter(|v| !v.is_empty()).map(usage).collect()
        }),
        "email" => draft.with(|params| {
            let kind = DnType::CustomDnType(vec![1, 2, 840, 113549, 1, 9, 1]);
            params.distinguished_name.push(kind, rcgen::DnValue::Ia5String(value.try_into().unwrap()));
        }),
        "st" => draft.with(|params| params.distinguished_name.push(DnType::StateOrProvinceName, value)),
        "ou" => draft.with(|params| params.distinguished_name.push(DnType::OrganizationalUnitName, value)),
        "mail" => draft.also(rcgen::SanType::Rfc822Name(value.try_into().unwrap())),
        _ => panic!("{name:?}"),
    }
}

fn usage(text: &str) -> KeyUsagePurpose {
    match text {
        "sign" => KeyUsagePurpose::DigitalSignature,
        "commit" => KeyUsagePurpose::ContentCommitment,
        "encipher" => KeyUsagePurpose::KeyEncipherment,
        "agree" => KeyUsagePurpose::KeyAgreement,
        "crl" => KeyUsagePurpose::CrlSign,
        _ => KeyUsagePurpose::KeyCertSign,
    }
}
