//! A small incident as text: files, evidence and what people said; and everything that follows, as text. Keys
//! and signatures are the same in every run.

mod input;
mod output;
mod rounds;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

use certrecall::assess::{
    self, Assessment, Clock, Decision, Held, Manifest, Mapping, PathPattern, Profile, Question, incident,
    parse_span,
};
use certrecall::id::SpkiHash;
use certrecall::inventory::{Inventory, chain, link};
use certrecall::plan::ca::{Cas, Ccadb};
use certrecall::plan::{Given, Plan, authority, ct};
use certrecall::read::Roots;
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
        // Its roots are read once: there are many scenes.
        static BUILTIN: OnceLock<Cas> = OnceLock::new();
        let mut cas = BUILTIN.get_or_init(|| Cas::builtin().unwrap()).clone();
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
        let mut inventory = crate::read_all(&roots);
        let cas = self.cas();
        let ccadb = (!self.ccadb.is_empty()).then(|| Ccadb::read(self.ccadb.as_bytes()).unwrap());
        let public = cas.public_keys(&inventory, ccadb.as_ref());
        inventory.set_surroundings(&roots, public);
        link::link(
            &mut inventory,
            |key| key.is_on(&self.listed) || self.decisions.contains_key(&key.spki),
            2,
            || crate::reopener(&roots),
        );
        let incident =
            Profile::built_in(incident::DEFAULT).unwrap().with(self.cutoff.as_deref().map(time)).unwrap();
        let clock = Clock { now: time(&self.now), as_of: time(self.as_of.as_deref().unwrap_or(&self.now)) };
        let question = Question {
            incident: &incident,
            manifest: manifest.as_ref(),
            uploaded: self.uploaded.as_deref().map(|t| parse_span(t).unwrap()),
            distrust_certificate_dates: self.distrust,
            known_compromised: (!self.listed.is_empty()).then_some(("pwned.txt", &self.listed)),
            date_from_path: pattern.as_ref(),
            decisions: &self.decisions,
            held: &self.held,
            made: &self.made,
            threads: 2,
            clock,
        };
        let mut assessment = assess::assess(&inventory, &roots, &question);
        let concerned = authority::concerned(&inventory, &assessment);
        let chains: HashMap<_, _> =
            chain::chains(&inventory, &concerned, cas.anchors(), 2, || crate::reopener(&roots));
        let given = Given {
            cas: &cas,
            ccadb: ccadb.as_ref(),
            chains: &chains,
            target: self.target,
            certificates: "case/certificates",
            clock,
            threads: 2,
        };
        let mut plan = Plan::construct(&inventory, &assessment, &given);
        plan.join(&inventory, &self.elsewhere, clock);
        for finding in authority::unmatched(&inventory, &plan.authorities, &cas) {
            assessment.add(finding);
        }
        Told { inventory, assessment, plan, clock, cas }
    }
}
