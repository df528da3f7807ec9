//! A small incident as text: files, evidence and what people said; and everything that follows, as text. Keys
//! and signatures are the same in every run.

mod input;
mod output;
mod rounds;

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

use certrecall::assess::{
    Assessment, Clock, Decision, Exposure, Held, Manifest, Mapping, PathPattern, Profile, incident,
    parse_span,
};
use certrecall::engine::{self, Analysis, Criteria, Past, Sources};
use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::inventory::recorded::Facts;
use certrecall::inventory::{Inventory, RecordedFile};
use certrecall::pki::{Certificate, KeyFacts, Request};
use certrecall::plan::ca::{Cas, Ccadb};
use certrecall::plan::{Plan, ct};
use certrecall::read::{Options, Roots};
use certrecall::time::Time;

use crate::common::pki::{Cert, Key, NOW};
use crate::common::{Folder, Member};
use crate::time;

pub(crate) use rounds::rounds;

/// A member of an archive: its path, what is in it, and when it was last changed.
type Packed = (String, Vec<u8>, Option<String>);

/// What is there.
pub(crate) struct Scene {
    folder: Folder,
    certificates: BTreeMap<String, Cert>,
    keys: BTreeMap<String, Key>,
    archives: BTreeMap<String, Vec<Packed>>,
    packed: BTreeMap<String, String>,
    manifests: Vec<(String, String)>,
    mapping: Vec<String>,
    prefix: Option<String>,
    uploaded: Option<String>,
    distrust: bool,
    cutoff: Option<String>,
    now: String,
    as_of: Option<String>,
    target: Option<Time>,
    pattern: Option<String>,
    listed: HashSet<SpkiHash>,
    decisions: BTreeMap<SpkiHash, Decision>,
    held: BTreeMap<SpkiHash, Held>,
    made: BTreeMap<SpkiHash, Time>,
    roots: Vec<String>,
    /// Files that are read, where it is not all of them.
    only: Vec<String>,
    ccadb: String,
    cas: String,
    elsewhere: ct::Elsewhere,
    /// What people said, a line each.
    said: Vec<String>,
}

/// What follows.
pub(crate) struct Told {
    inventory: Inventory,
    assessment: Assessment,
    plan: Plan,
    clock: Clock,
    cas: Cas,
}

/// Everything that follows from a scene, as text.
pub(crate) fn whole(text: &str) -> String {
    let scene = Scene::read(text);
    scene.settled(&scene.whole(&scene.judge()))
}

/// The verdicts and findings of a scene, and the kinds of the steps.
pub(crate) fn verdicts(text: &str) -> String {
    let scene = Scene::read(text);
    scene.settled(&scene.verdicts(&scene.judge()))
}

impl Scene {
    /// Without the name of the folder, which no two runs have in common.
    fn settled(&self, text: &str) -> String {
        let folder = self.folder.path().join("in").display().to_string();
        text.replace(&folder, "{in}").replace(folder.trim_start_matches('/'), "{in}")
    }

    fn new() -> Self {
        Self {
            folder: Folder::new(),
            certificates: BTreeMap::new(),
            keys: BTreeMap::new(),
            archives: BTreeMap::new(),
            packed: BTreeMap::new(),
            manifests: Vec::new(),
            mapping: Vec::new(),
            prefix: None,
            uploaded: None,
            distrust: false,
            cutoff: None,
            now: NOW.to_owned(),
            as_of: None,
            target: None,
            pattern: None,
            listed: HashSet::new(),
            decisions: BTreeMap::new(),
            held: BTreeMap::new(),
            made: BTreeMap::new(),
            roots: Vec::new(),
            only: Vec::new(),
            ccadb: String::new(),
            cas: String::new(),
            elsewhere: ct::Elsewhere::new(),
            said: Vec::new(),
        }
    }

    fn cas(&self) -> Cas {
        let mut cas = crate::built_in_cas();
        for root in &self.roots {
            assert!(cas.add_root(&self.certificates[root].der));
        }
        if self.cas.is_empty() { cas } else { cas.with(Cas::parse("cas.toml", &self.cas).unwrap()).unwrap() }
    }

    fn write_archives(&self) {
        for (archive, members) in &self.archives {
            let members: Vec<Member<'_>> = members
                .iter()
                .map(|(name, content, time)| (name.as_str(), content.as_slice(), time.as_deref()))
                .collect();
            let changed = self.packed.get(archive).map_or(crate::LATE, String::as_str);
            self.folder.write_changed(format!("in/{archive}"), crate::common::tar(&members), changed);
        }
    }

    fn judge(&self) -> Told {
        self.write_archives();
        let read: Vec<_> = self.only.iter().map(|path| self.folder.path().join("in").join(path)).collect();
        let roots =
            Roots::open(&if read.is_empty() { vec![self.folder.path().join("in")] } else { read }).unwrap();
        let files: Vec<(String, &[u8])> =
            self.manifests.iter().map(|(name, text)| (name.clone(), text.as_bytes())).collect();
        let mapping = Mapping::parse(&self.mapping).unwrap();
        let manifest = (!files.is_empty())
            .then(|| Manifest::parse_all(&files, &mapping, self.prefix.as_deref()).unwrap());
        let pattern = self.pattern.as_ref().map(|p| PathPattern::parse(p).unwrap());
        let incident =
            Profile::built_in(incident::DEFAULT).unwrap().with(self.cutoff.as_deref().map(time)).unwrap();
        let now = time(&self.now);
        let criteria = Criteria {
            manifest,
            uploaded: self.uploaded.as_deref().map(|t| parse_span(t).unwrap()),
            distrust_certificate_dates: self.distrust,
            known_compromised: (!self.listed.is_empty())
                .then(|| ("pwned.txt".to_owned(), self.listed.clone())),
            date_from_path: pattern,
            decisions: self.decisions.clone(),
            ccadb: (!self.ccadb.is_empty()).then(|| Ccadb::read(self.ccadb.as_bytes()).unwrap()),
            target: self.target,
            certificates: "case/certificates".to_owned(),
            clock: Clock { now, as_of: self.as_of.as_deref().map_or(now, time) },
            ..Criteria::new(incident, self.cas(), now)
        };
        let sources = Sources { roots, options: Options { threads: 2, ..Options::default() } };
        let past = Earlier {
            exposures: self.held.iter().map(|(key, held)| (*key, held.exposure)).collect(),
            scene: self,
        };
        let Ok(analysis) = engine::analyse_after(sources, criteria, &past, &mut |_| ());
        let Analysis { inventory, assessment, plan, clock, cas, .. } = analysis;
        Told { inventory, assessment, plan, clock, cas }
    }
}

/// What an earlier analysis held against keys. Its record of what it found cannot be read any more.
struct Earlier<'a> {
    scene: &'a Scene,
    exposures: Vec<(SpkiHash, Exposure)>,
}

impl Past for Earlier<'_> {
    type Error = Infallible;

    fn files(&self) -> &[RecordedFile] {
        &[]
    }

    fn facts(&self) -> Box<dyn Facts + '_> {
        Box::new(Lost(self.exposures.len()))
    }

    fn forms(&self) -> &[(SpkiHash, SpkiHash)] {
        &[]
    }

    fn exposures(&self) -> &[(SpkiHash, Exposure)] {
        &self.exposures
    }

    fn same_criteria(&self) -> bool {
        true
    }

    fn held(&self, keys: &[SpkiHash]) -> Result<BTreeMap<SpkiHash, Held>, Infallible> {
        Ok(keys.iter().map(|key| (*key, self.scene.held[key].clone())).collect())
    }

    fn made(&self) -> &BTreeMap<SpkiHash, Time> {
        &self.scene.made
    }

    fn elsewhere(&self) -> &ct::Elsewhere {
        &self.scene.elsewhere
    }
}

/// So many facts that cannot be read.
struct Lost(usize);

impl Facts for Lost {
    fn certificate(&mut self, _: &Fingerprint) -> Option<(Arc<Certificate>, bool)> {
        None
    }

    fn key(&mut self, _: &SpkiHash) -> Option<Arc<KeyFacts>> {
        None
    }

    fn request(&mut self, _: &Fingerprint) -> Option<Arc<Request>> {
        None
    }

    fn lost(&self) -> usize {
        self.0
    }
}
