//! Who uploaded what. The times of the uploads are in `data/demo/uploads.csv`, the explanation in
//! `data/demo/README.md`.
//!
//! Public certificates live as long as public CAs were allowed to issue them for at that time, and have
//! expired. What is still valid comes from a private CA or signed itself, and stays valid until 2040 at
//! least, so that the story stays true.

use rcgen::Error;

use super::pki::{Authority, Facts, LockedKey, ed25519, p256, p384, pkcs1, pkcs8, rsa, self_signed};

/// The files below `uploads/`, by path.
pub(super) fn uploads() -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let mut story = Story { files: Vec::new(), cas: Authorities::new()? };
    story.acme()?;
    story.globex()?;
    story.hooli()?;
    story.initech()?;
    story.soylent()?;
    story.umbrella()?;
    Ok(story.files)
}

/// Everyone who issues.
struct Authorities {
    /// The root of the public CA.
    public_root: Authority,
    /// The public CA.
    public: Authority,
    globex: Authority,
    hooli: Authority,
    initech: Authority,
    soylent: Authority,
    /// Its own key is among the uploads.
    umbrella: Authority,
}

impl Authorities {
    fn new() -> Result<Self, Error> {
        let facts = |name, serial, from, to| Facts { name, serial, from: (from, 1, 1), to: (to, 1, 1) };
        let root = facts("Example Public Root CA", 0x10_0000_0001, 2008, 2048);
        let public_root = Authority::root(
            root,
            "Example Trust Services",
            Some("http://crl.public-ca.example/root.crl"),
            p256()?,
        )?;
        let public = facts("Example Public CA", 0x10_0000_0002, 2011, 2046);
        let public = public_root.intermediate(
            public,
            "Example Trust Services",
            Some("http://crl.public-ca.example/ca.crl"),
            p256()?,
        )?;
        let private = |name, serial, from, organisation, key| {
            Authority::root(facts(name, serial, from, from + 40), organisation, None, key)
        };
        Ok(Self {
            public_root,
            public,
            globex: private("Globex Private CA", 0x20_0000_0001, 2014, "Globex", p256()?)?,
            hooli: private("Hooli Private CA", 0x30_0000_0001, 2015, "Hooli", p384()?)?,
            initech: private("Initech Private CA", 0x40_0000_0001, 2010, "Initech", p256()?)?,
            soylent: private("Soylent Private CA", 0x50_0000_0001, 2014, "Soylent", p256()?)?,
            umbrella: private("Umbrella Private CA", 0x60_0000_0001, 2013, "Umbrella", p384()?)?,
        })
    }
}

struct Story {
    files: Vec<(&'static str, Vec<u8>)>,
    cas: Authorities,
}

impl Story {
    fn add(&mut self, path: &'static str, parts: &[&str]) {
        self.files.push((path, parts.concat().into_bytes()));
    }

    /// Public certificates that have expired since, the second one after the news came out; a key alone.
    fn acme(&mut self) -> Result<(), Error> {
        let key = rsa()?;
        let facts = Facts {
            name: "help.acme.example",
            serial: 0x11a0_0000_0001,
            from: (2014, 3, 10),
            to: (2016, 4, 9),
        };
        let certificate = self.cas.public.issue(facts, &key)?;
        let chain = self.cas.public.certificate.clone();
        self.add("acme/help.acme.example.pem", &[&pkcs1(&key)?, &certificate, &chain]);

        let key = p256()?;
        let facts = Facts { serial: 0x11a0_0000_0002, from: (2016, 10, 12), to: (2020, 1, 10), ..facts };
        let certificate = self.cas.public.issue(facts, &key)?;
        self.add("acme/help.acme.example-new.pem", &[&pkcs8(&key), &certificate, &chain]);

        self.add("acme/spare.key", &[&pkcs8(&p256()?)]);
        Ok(())
    }

    /// A key that lives on in a later certificate; an encrypted key.
    fn globex(&mut self) -> Result<(), Error> {
        let key = p256()?;
        let facts = Facts {
            name: "support.globex.example",
            serial: 0x11a0_0000_0003,
            from: (2015, 5, 18),
            to: (2018, 5, 17),
        };
        let certificate = self.cas.public.issue(facts, &key)?;
        let chain = [self.cas.public.certificate.clone(), self.cas.public_root.certificate.clone()].concat();
        self.add("globex/support.globex.example.pem", &[&pkcs8(&key), &certificate, &chain]);

        let facts = Facts { serial: 0x21a0_0000_0001, from: (2026, 2, 2), to: (2041, 2, 1), ..facts };
        let certificate = self.cas.globex.issue(facts, &key)?;
        let chain = self.cas.globex.certificate.clone();
        self.add("globex/support.globex.example-new.pem", &[&pkcs8(&key), &certificate, &chain]);

        let facts = Facts {
            name: "chat.globex.example",
            serial: 0x21a0_0000_0002,
            from: (2016, 2, 15),
            to: (2041, 2, 14),
        };
        let certificate = self.cas.globex.issue(facts, &LockedKey)?;
        self.add("globex/chat.globex.example.pem", &[LockedKey::PRIVATE, &certificate]);
        Ok(())
    }

    /// Uploads on both sides of the cutoff by hours, and one that can be on either; one key under three
    /// names; a certificate of another's CA.
    fn hooli(&mut self) -> Result<(), Error> {
        let key = p256()?;
        let facts = Facts {
            name: "care.hooli.example",
            serial: 0x31a0_0000_0001,
            from: (2016, 10, 20),
            to: (2041, 10, 19),
        };
        let certificate = self.cas.hooli.issue(facts, &key)?;
        let chain = self.cas.hooli.certificate.clone();
        self.add("hooli/care.hooli.example.pem", &[&pkcs8(&key), &certificate, &chain]);

        let key = p256()?;
        let facts = Facts {
            name: "jobs.hooli.example",
            serial: 0x31a0_0000_0002,
            from: (2016, 5, 9),
            to: (2041, 5, 8),
        };
        let certificate = self.cas.hooli.issue(facts, &key)?;
        self.add("hooli/jobs.hooli.example.pem", &[&pkcs8(&key), &certificate]);

        let key = p256()?;
        let facts = Facts {
            name: "help.hooli.example",
            serial: 0x31a0_0000_0003,
            from: (2015, 1, 19),
            to: (2045, 1, 18),
        };
        let certificate = self.cas.hooli.issue(facts, &key)?;
        let private = pkcs8(&key);
        self.add("hooli/help.hooli.example.key", &[&private]);
        self.add("hooli/backup/help-copy.pem", &[&[&*private, &certificate].concat().replace('\n', "\r\n")]);
        let bag = "Bag Attributes\n    friendlyName: help.hooli.example\n    localKeyID: 54 69 6D 65 \n";
        let about = "subject=CN = help.hooli.example\n\nissuer=CN = Hooli Private CA, O = Hooli\n\n";
        self.add(
            "hooli/exports/help.txt",
            &[
                bag,
                "Key Attributes: <No Attributes>\n",
                &private,
                bag,
                about,
                &certificate,
                "\nexported for the help desk\n",
            ],
        );

        let key = p256()?;
        let facts = Facts {
            name: "partner.umbrella.example",
            serial: 0x61a0_0000_0002,
            from: (2016, 6, 20),
            to: (2041, 6, 19),
        };
        let certificate = self.cas.umbrella.issue(facts, &key)?;
        self.add("hooli/partner.umbrella.example.pem", &[&pkcs8(&key), &certificate]);

        self.add("hooli/notes.txt", &["Certificates for the help desk are ordered by the web team.\nAsk them before you renew one.\n"]);
        Ok(())
    }

    /// A private CA; a certificate that signed itself; a certificate without its key; a folder called vendor.
    fn initech(&mut self) -> Result<(), Error> {
        let key = rsa()?;
        let facts = Facts {
            name: "helpdesk.initech.example",
            serial: 0x41a0_0000_0001,
            from: (2015, 9, 1),
            to: (2040, 8, 31),
        };
        let certificate = self.cas.initech.issue(facts, &key)?;
        let chain = self.cas.initech.certificate.clone();
        self.add("initech/helpdesk.initech.example.crt", &[&certificate, &chain]);
        self.add("initech/helpdesk.initech.example.key", &[&pkcs1(&key)?]);

        let key = rsa()?;
        let facts = Facts {
            name: "chat.initech.example",
            serial: 0x41a0_0000_0002,
            from: (2012, 1, 1),
            to: (2042, 1, 1),
        };
        self.add("initech/chat.initech.example.pem", &[&self_signed(facts, &key)?, &pkcs8(&key)]);

        let facts = Facts {
            name: "vpn.initech.example",
            serial: 0x41a0_0000_0003,
            from: (2016, 1, 11),
            to: (2041, 1, 10),
        };
        let certificate = self.cas.initech.issue(facts, &p256()?)?;
        self.add("initech/vpn.initech.example.crt", &[&certificate]);

        let key = p256()?;
        let facts = Facts {
            name: "widget.initech.example",
            serial: 0x11a0_0000_0004,
            from: (2015, 8, 1),
            to: (2017, 8, 1),
        };
        let certificate = self.cas.public.issue(facts, &key)?;
        let chain = self.cas.public.certificate.clone();
        self.add("initech/vendor/widget/server.pem", &[&pkcs8(&key), &certificate, &chain]);
        Ok(())
    }

    /// Two files that the manifest forgot, and one that was uploaded with a new key when the news came out.
    fn soylent(&mut self) -> Result<(), Error> {
        let key = p256()?;
        let facts = Facts {
            name: "mail.soylent.example",
            serial: 0x11a0_0000_0005,
            from: (2019, 10, 1),
            to: (2021, 12, 31),
        };
        let certificate = self.cas.public.issue(facts, &key)?;
        let chain = self.cas.public.certificate.clone();
        self.add("soylent/mail.soylent.example.pem", &[&pkcs8(&key), &certificate, &chain]);

        let key = p256()?;
        let facts = Facts {
            name: "portal.soylent.example",
            serial: 0x51a0_0000_0001,
            from: (2014, 9, 1),
            to: (2044, 8, 31),
        };
        let certificate = self.cas.soylent.issue(facts, &key)?;
        self.add("soylent/portal.soylent.example.pem", &[&pkcs8(&key), &certificate]);

        let key = ed25519()?;
        let facts = Facts {
            name: "status.soylent.example",
            serial: 0x51a0_0000_0002,
            from: (2025, 6, 1),
            to: (2045, 5, 31),
        };
        let certificate = self.cas.soylent.issue(facts, &key)?;
        self.add("soylent/status.soylent.example.pem", &[&pkcs8(&key), &certificate]);
        Ok(())
    }

    /// The key of a CA; a certificate below it; a damaged file; a hidden folder.
    fn umbrella(&mut self) -> Result<(), Error> {
        let authority = [self.cas.umbrella.certificate.clone(), self.cas.umbrella.key()].concat();
        self.add("umbrella/ca-backup.pem", &[&authority]);

        let key = p256()?;
        let facts = Facts {
            name: "portal.umbrella.example",
            serial: 0x61a0_0000_0001,
            from: (2018, 1, 15),
            to: (2043, 1, 14),
        };
        let certificate = self.cas.umbrella.issue(facts, &key)?;
        self.add("umbrella/portal.umbrella.example.pem", &[&pkcs8(&key), &certificate]);

        let key = p256()?;
        let facts = Facts {
            name: "desk.umbrella.example",
            serial: 0x11a0_0000_0006,
            from: (2014, 6, 1),
            to: (2016, 6, 1),
        };
        let certificate = self.cas.public.issue(facts, &key)?;
        let bad_base64 = damage(&self.cas.public.certificate);
        let cut: String = self.cas.public_root.certificate.lines().take(6).flat_map(|l| [l, "\n"]).collect();
        self.add("umbrella/desk.umbrella.example.pem", &[&pkcs8(&key), &bad_base64, &certificate, &cut]);

        let key = p256()?;
        let facts = Facts {
            name: "tickets.umbrella.example",
            serial: 0x61a0_0000_0003,
            from: (2013, 4, 1),
            to: (2043, 4, 1),
        };
        self.add("umbrella/.old/tls.pem", &[&pkcs8(&key), &self_signed(facts, &key)?]);
        Ok(())
    }
}

/// A PEM block with characters on its fourth line that are no base64.
fn damage(pem: &str) -> String {
    let mut out = String::with_capacity(pem.len());
    for (number, line) in pem.lines().enumerate() {
        match line.get(..20).filter(|_| number == 3) {
            Some(start) => out.push_str(&format!("{start}?????????{}", line.get(29..).unwrap_or_default())),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}
