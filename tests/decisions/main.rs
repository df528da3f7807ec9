//! Guards the decisions: evidence against exposure, verdict and the sentence a person reads; verdicts against
//! the steps and CAs of the plan; and what manifests, answers of searches and lists of CAs mean. Measured
//! with mutants: docs/measurements.md.
#![allow(missing_docs, clippy::unwrap_used)]

mod attacks;
mod authorities;
mod blocks;
mod cas;
mod ccadb;
mod chains;
#[path = "../common/mod.rs"]
mod common;
mod known;
mod members;
mod names;
mod new_evidence;
mod objects;
mod pairs;
mod progress;
mod ranking;
mod records;
mod scene;
mod scenes;
mod searches;
mod selection;
mod sorted;
mod texts;
mod times;
mod vocabulary;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use certrecall::assess::{
    Assessment, Because, Clock, Decision, Manifest, PathPattern, Profile, incident, parse_span,
};
use certrecall::engine::{self, Analysis, Criteria, Sources};
use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::inventory::Inventory;
use certrecall::plan::ca::Cas;
use certrecall::read::{Options, Roots};
use certrecall::time::{Time, Written};
use common::pki::{
    Cert, Key, NOW, RsaPublic, bundle, chain, compressed, intermediate_of, leaf, leaked_leaf, named_ca,
    private_ca, public_ca, reissued_after_cutoff, self_signed,
};
use common::{Folder, LATE};

/// Well before the cutoff of 2016-11-01T00:00:00Z, and well after it.
const BEFORE: &str = "2015-06-01T00:00:00Z";
const AFTER: &str = "2017-06-01T00:00:00Z";

/// Cases of one theme; all of them are told of, not the first alone.
#[derive(Default)]
struct Table(Vec<String>);

impl Drop for Table {
    fn drop(&mut self) {
        assert!(self.0.is_empty() || std::thread::panicking(), "\n{}", self.0.join("\n"));
    }
}

impl Table {
    fn case(&mut self, name: &'static str) -> Case<'_> {
        Case {
            table: self,
            name,
            folder: Folder::new(),
            members: Vec::new(),
            packed: BTreeMap::new(),
            rows: Vec::new(),
            manifest: None,
            pattern: None,
            decisions: BTreeMap::new(),
            uploaded: None,
            distrust: false,
            listed: None,
            public: Vec::new(),
            as_of: NOW,
            now: NOW,
            cutoff: None,
            profile: incident::DEFAULT,
        }
    }
}

/// Files, evidence and times; then what must come of them.
struct Case<'t> {
    table: &'t mut Table,
    name: &'static str,
    folder: Folder,
    /// Archives, their members, what is in them, and when each was last changed.
    members: Vec<(&'static str, &'static str, Vec<u8>, Option<&'static str>)>,
    /// When archives were last changed.
    packed: BTreeMap<&'static str, &'static str>,
    rows: Vec<String>,
    manifest: Option<String>,
    pattern: Option<&'static str>,
    decisions: BTreeMap<SpkiHash, Decision>,
    uploaded: Option<&'static str>,
    distrust: bool,
    listed: Option<SpkiHash>,
    public: Vec<Vec<u8>>,
    as_of: &'static str,
    now: &'static str,
    cutoff: Option<&'static str>,
    profile: &'static str,
}

/// What is known of CAs: read once, there are many cases.
fn built_in_cas() -> Cas {
    static BUILT_IN: OnceLock<Cas> = OnceLock::new();
    BUILT_IN.get_or_init(|| Cas::builtin().unwrap()).clone()
}

fn time(text: &str) -> Time {
    Written::parse(text).unwrap().as_utc()
}

impl Case<'_> {
    /// A file that was last changed long after the cutoff, which says nothing of its upload.
    fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.changed(path, content, LATE)
    }

    fn changed(self, path: &str, content: impl AsRef<[u8]>, time: &str) -> Self {
        self.folder.write_changed(format!("in/{path}"), content, time);
        self
    }

    /// A member of an archive, which was last changed long after the cutoff unless it was `packed` before;
    /// `time` is what the archive says of it.
    fn member(
        mut self,
        archive: &'static str,
        member: &'static str,
        content: impl AsRef<[u8]>,
        time: Option<&'static str>,
    ) -> Self {
        self.members.push((archive, member, content.as_ref().to_vec(), time));
        self
    }

    fn packed(mut self, archive: &'static str, time: &'static str) -> Self {
        self.packed.insert(archive, time);
        self
    }

    fn row(mut self, path: &str, uploaded: &str) -> Self {
        self.rows.push(format!("{path},,{uploaded}"));
        self
    }

    fn row_for_hash(mut self, hash: Fingerprint, uploaded: &str) -> Self {
        self.rows.push(format!(",{hash},{uploaded}"));
        self
    }

    /// A whole manifest in place of rows.
    fn manifest(mut self, text: &str) -> Self {
        self.manifest = Some(text.to_owned());
        self
    }

    fn dated_by_path(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }

    fn decided(mut self, key: SpkiHash, exposed: bool, reason: &str) -> Self {
        let decision = Decision {
            exposed,
            misused: false,
            reason: reason.to_owned(),
            by: "alice".to_owned(),
            at: time(NOW),
            on: None,
        };
        self.decisions.insert(key, decision);
        self
    }

    fn uploaded(mut self, span: &'static str) -> Self {
        self.uploaded = Some(span);
        self
    }

    fn distrusting(mut self) -> Self {
        self.distrust = true;
        self
    }

    fn listed(mut self, key: SpkiHash) -> Self {
        self.listed = Some(key);
        self
    }

    /// The key is one of a public CA.
    fn public(mut self, ca: &Cert) -> Self {
        self.public.push(ca.der.clone());
        self
    }

    fn looked_at(mut self, time: &'static str) -> Self {
        self.as_of = time;
        self
    }

    fn cutoff(mut self, time: &'static str) -> Self {
        self.cutoff = Some(time);
        self
    }

    fn profile(mut self, name: &'static str, cutoff: &'static str) -> Self {
        (self.profile, self.cutoff) = (name, Some(cutoff));
        self
    }

    /// Evidence is weighed at this time.
    fn at(mut self, time: &'static str) -> Self {
        (self.now, self.as_of) = (time, time);
        self
    }

    /// Writes each archive with its members, as a tar whatever its name says: what it is tells its content.
    fn write_members(&self) {
        let mut archives: BTreeMap<&str, Vec<common::Member<'_>>> = BTreeMap::new();
        for (archive, member, content, time) in &self.members {
            archives.entry(archive).or_default().push((member, content, *time));
        }
        for (archive, members) in archives {
            self.folder.write_changed(
                format!("in/{archive}"),
                common::tar(&members),
                self.packed.get(archive).copied().unwrap_or(LATE),
            );
        }
    }

    fn judge(&self) -> (Inventory, Assessment) {
        self.write_members();
        let roots = Roots::open(&[self.folder.path().join("in")]).unwrap();
        let rows =
            (!self.rows.is_empty()).then(|| format!("path,sha256,uploaded_at\n{}\n", self.rows.join("\n")));
        let manifest = self
            .manifest
            .clone()
            .or(rows)
            .map(|text| Manifest::parse("uploads.csv", text.as_bytes()).unwrap());
        let pattern = self.pattern.map(|p| PathPattern::parse(p).unwrap());
        let mut cas = built_in_cas();
        for root in &self.public {
            assert!(cas.add_root(root));
        }
        let incident = Profile::built_in(self.profile).unwrap().with(self.cutoff.map(time)).unwrap();
        let criteria = Criteria {
            manifest,
            uploaded: self.uploaded.map(|t| parse_span(t).unwrap()),
            distrust_certificate_dates: self.distrust,
            known_compromised: self.listed.map(|key| ("pwned.txt".to_owned(), HashSet::from([key]))),
            date_from_path: pattern,
            decisions: self.decisions.clone(),
            clock: Clock { now: time(self.now), as_of: time(self.as_of) },
            ..Criteria::new(incident, cas, time(self.now))
        };
        let options = Options { threads: 1, ..Options::default() };
        let Analysis { inventory, assessment, .. } = engine::analyse(Sources { roots, options }, criteria);
        (inventory, assessment)
    }

    /// `want`: exposure, standing, verdict and deciding evidence; `says`: a part of the sentence that
    /// decides.
    fn certificate(self, certificate: &Cert, want: &str, says: &str) -> Self {
        let (inventory, assessment) = self.judge();
        let at = inventory.certificates.iter().position(|c| c.certificate.sha256 == certificate.sha256());
        let Some(at) = at else {
            return self.fail(&format!("{want:?} is wanted; the certificate was not found at all"));
        };
        let verdict = &assessment.certificates[at];
        let key = &assessment.keys[inventory.certificates[at].key as usize];
        let because = verdict.because.as_deref().or_else(|| key.because.first());
        let got =
            format!("{} {} {}", key.exposure.as_str(), verdict.standing.as_str(), word(&verdict.verdict));
        self.compare(&inventory, &got, because, want, says)
    }

    /// `want`: exposure and deciding evidence of a key.
    fn key(self, key: SpkiHash, want: &str, says: &str) -> Self {
        let (inventory, assessment) = self.judge();
        let Some(at) = inventory.keys.iter().position(|k| k.spki == key) else {
            return self.fail(&format!("{want:?} is wanted; the key was not found at all"));
        };
        let verdict = &assessment.keys[at];
        self.compare(&inventory, verdict.exposure.as_str(), verdict.because.first(), want, says)
    }

    /// A finding with this code, on the evidence as a whole or on a reason.
    fn finding(self, code: &str) -> Self {
        let (_, assessment) = self.judge();
        let on_reasons = assessment
            .keys
            .iter()
            .flat_map(|k| &k.because)
            .chain(assessment.certificates.iter().flat_map(|c| c.because.as_deref()));
        let found = on_reasons
            .flat_map(|b| b.findings.iter())
            .chain(assessment.findings.iter().map(|f| f.code))
            .any(|c| c.as_str() == code);
        if found { self } else { self.fail(&format!("no finding {code}")) }
    }

    fn no_finding(self, code: &str) -> Self {
        let (_, assessment) = self.judge();
        let found = assessment
            .keys
            .iter()
            .flat_map(|k| &k.because)
            .flat_map(|b| b.findings.iter())
            .any(|c| c.as_str() == code);
        if found { self.fail(&format!("finding {code}")) } else { self }
    }

    /// No finding with this code on the evidence as a whole.
    fn told_not(self, code: &str) -> Self {
        let (_, assessment) = self.judge();
        let found = assessment.findings.iter().any(|f| f.code.as_str() == code);
        if found { self.fail(&format!("finding {code}")) } else { self }
    }

    /// How often findings with this code are told, and where the first of them is.
    fn told(self, code: &str, count: usize, place: &str) -> Self {
        let (_, assessment) = self.judge();
        let found: Vec<_> = assessment.findings.iter().filter(|f| f.code.as_str() == code).collect();
        let first = found.first().map_or("", |f| f.place.as_str());
        if (found.len(), first) == (count, place) {
            self
        } else {
            self.fail(&format!("wanted {count} of {code} at {place:?}\n       got {found:#?}"))
        }
    }

    fn compare(
        self,
        inventory: &Inventory,
        got: &str,
        because: Option<&Because>,
        want: &str,
        says: &str,
    ) -> Self {
        let evidence = because.map_or_else(|| "none".to_owned(), |b| b.evidence.as_str().to_owned());
        let sentence = because.map_or(Cow::Borrowed(""), |b| b.says(inventory));
        let got = format!("{got} {evidence}");
        if got != want {
            return self.fail(&format!("wanted {want}\n       got {got}: {sentence}"));
        }
        if !sentence.contains(says) {
            return self.fail(&format!("wanted the words {says:?}\n       got {sentence:?}"));
        }
        self
    }

    fn fail(self, says: &str) -> Self {
        self.table.0.push(format!("{}:\n    {says}", self.name));
        self
    }
}

/// The name of an enum's value in records.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}
