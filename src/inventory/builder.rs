//! What the reading stage finds, put together: objects that are the same become one entry.

use std::collections::HashMap;
use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::entry::{CertificateEntry, File, KeyEntry, Occurrence, RequestEntry, Trouble};
use super::few::Few;
use super::model::Inventory;
use super::numbers::Numbers;
use super::owners;
use super::recorded::Facts;
use crate::finding::{Code, Codes, Reason};
use crate::id::{Fingerprint, SpkiHash};
use crate::parallel;
use crate::pki::{Certificate, KeyFacts, Object, Request, Unread};
use crate::read::{self, Found, Ledger, Options, Roots};

/// What one thread read of some files, on its way into the inventory. It lies in few pieces of memory: what
/// another thread has to give back piece by piece makes threads wait for each other.
#[derive(Debug, Default)]
pub struct Batch {
    /// Files with the numbers of their items.
    files: Vec<(File, usize)>,
    items: Vec<Met>,
    len: usize,
}

/// A record, as far as the inventory keeps it.
#[derive(Debug)]
struct Met {
    member: Option<Arc<str>>,
    index: u32,
    line: u32,
    what: What,
}

#[derive(Debug)]
enum What {
    Certificate(Arc<Certificate>),
    PrivateKey(Arc<KeyFacts>),
    PublicKey(Arc<KeyFacts>),
    Request(Arc<Request>),
    Other,
    // Rare, and large.
    Trouble(Box<(Option<Box<str>>, Unread)>),
}

impl Batch {
    /// Adds one file.
    pub fn push(&mut self, found: Found) {
        self.len += 1;
        let before = self.items.len();
        let mut holds_locked = false;
        let mut last: Option<Arc<KeyFacts>> = None;
        for item in found.items {
            let what = match item.body {
                Ok(Object::Certificate(mut certificate)) => {
                    share(&mut certificate, last.as_ref());
                    last = Some(Arc::clone(&certificate.key));
                    What::Certificate(certificate)
                }
                Ok(Object::PrivateKey(private)) => {
                    let facts = last
                        .take()
                        .filter(|last| **last == private.facts)
                        .unwrap_or_else(|| Arc::new(private.facts.clone()));
                    What::PrivateKey(Arc::clone(last.insert(facts)))
                }
                Ok(Object::PublicKey(facts)) => What::PublicKey(facts),
                Ok(Object::Request(request)) => What::Request(request),
                Ok(Object::Crl(_) | Object::Parameters(_)) => What::Other,
                Err(Unread::Skipped(Reason::NoPkiContent, _)) => continue,
                Err(unread) => {
                    holds_locked |= matches!(unread, Unread::Locked(..));
                    What::Trouble(Box::new((item.label.map(|l| l.into_owned().into()), unread)))
                }
            };
            self.items.push(Met { member: item.member, index: item.index, line: item.line, what });
        }
        let count = self.items.len() - before;
        if count > 0 {
            let file = File {
                place: found.place,
                modified: found.modified,
                member_time: found.member_time,
                hash: found.file_hash.map(Box::new),
                archive_hash: found.archive_hash.map(Box::new),
                holds_locked,
                recorded: None,
            };
            self.files.push((file, count));
        }
    }

    /// How many files were read for it, those with nothing of ours in them among them.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no file was read for it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Collects what the reading stage finds.
#[derive(Debug, Default)]
pub struct Builder {
    pub(super) inventory: Inventory,
    certificates: Numbers,
    keys: Numbers,
    requests: HashMap<Fingerprint, u32>,
    members: HashMap<Arc<str>, NonZeroU32>,
}

impl Inventory {
    /// Reads everything below the roots and joins what is found; issuers are found by [`super::link`].
    #[must_use]
    pub fn read(roots: &Roots, options: &Options) -> Self {
        Self::read_with(roots, options, &mut |_| (), |_| ())
    }

    /// The same, with what `restore` puts back besides. `progress` is told how many files were read so far.
    pub fn read_with(
        roots: &Roots,
        options: &Options,
        progress: &mut (dyn FnMut(usize) + Send),
        restore: impl FnOnce(&mut Builder),
    ) -> Self {
        let mut builder = Builder::default();
        let mut files = 0;
        let consume = |batch: Batch| {
            files += batch.len();
            progress(files);
            builder.add(batch);
            Ok::<(), Infallible>(())
        };
        let Ok(ledgers) = read::read(roots, options, Batch::default, Batch::push, consume);
        restore(&mut builder);
        builder.finish(ledgers, options.threads)
    }
}

impl Builder {
    /// Adds what one thread read.
    pub fn add(&mut self, batch: Batch) {
        let Batch { files, items, .. } = batch;
        let mut items = items.into_iter();
        for (file, count) in files {
            let at = self.inventory.files.len() as u32;
            push_slowly(&mut self.inventory.files, file);
            items.by_ref().take(count).for_each(|item| self.add_item(at, item));
        }
    }

    fn add_item(&mut self, file: u32, item: Met) {
        let member = item.member.as_ref().and_then(|member| self.member(member));
        let occurrence = Occurrence { file, index: item.index, line: item.line, member };
        match item.what {
            What::Certificate(certificate) => self.add_certificate(certificate, occurrence),
            What::PrivateKey(facts) => self.add_private(&facts, occurrence),
            What::PublicKey(facts) => {
                if let Some(key) = self.key_of(&facts) {
                    self.inventory.keys[key].public.push(occurrence);
                }
            }
            What::Request(request) => {
                if let Some(key) = self.key_of(&Arc::new(request.key.clone())) {
                    self.inventory.keys[key].public.push(occurrence);
                    self.add_request(request, key as u32, occurrence);
                }
            }
            What::Other => self.inventory.others += 1,
            What::Trouble(trouble) => {
                let (label, unread) = *trouble;
                // Uploaded in encrypted form is uploaded too: guessing is offline. Whose key it is, only its
                // public half in the clear says.
                if let Unread::Locked(_, Some(facts)) = &unread
                    && let Some(key) = self.key_of(facts)
                {
                    self.inventory.keys[key].unverified.push(occurrence);
                }
                self.inventory.troubles.push(Trouble {
                    file,
                    index: item.index,
                    line: item.line,
                    label,
                    unread,
                });
            }
        }
    }

    fn add_private(&mut self, facts: &Arc<KeyFacts>, occurrence: Occurrence) {
        match self.key_of(facts) {
            Some(key) if facts.findings.contains(Code::PublicKeyNotVerified) => {
                self.inventory.keys[key].unverified.push(occurrence)
            }
            Some(key) => self.inventory.keys[key].private.push(occurrence),
            None => self.inventory.unnamed_keys.push(occurrence),
        }
    }

    /// The entry of a key that has a name.
    fn key_of(&mut self, facts: &Arc<KeyFacts>) -> Option<usize> {
        facts.spki.map(|spki| self.key(spki, facts) as usize)
    }

    fn member(&mut self, name: &Arc<str>) -> Option<NonZeroU32> {
        let members = &mut self.inventory.members;
        if let Some(known) = self.members.get(name) {
            return Some(*known);
        }
        members.push(Arc::clone(name));
        let number = NonZeroU32::new(members.len() as u32)?;
        self.members.insert(Arc::clone(name), number);
        Some(number)
    }

    fn add_certificate(&mut self, mut certificate: Arc<Certificate>, occurrence: Occurrence) {
        let at = self.inventory.certificates.len() as u32;
        let known = &self.inventory.certificates;
        if let Some(at) = self.certificates.find_or_add(certificate.sha256.as_bytes(), at, |i| {
            known[i as usize].certificate.sha256.as_bytes()
        }) {
            return self.inventory.certificates[at as usize].occurrences.push(occurrence);
        }
        // A certificate's key always has a hash: of the form found, where no other can be computed.
        let spki = certificate.key.spki.unwrap_or_else(|| SpkiHash::of(&[]));
        let key = self.key(spki, &certificate.key);
        self.inventory.keys[key as usize].certificates.push(at);
        share(&mut certificate, Some(&self.inventory.keys[key as usize].facts));
        let entry = CertificateEntry {
            certificate,
            occurrences: Few::one(occurrence),
            key,
            issuers: Few::NONE,
            issued_others: false,
            more_issuers: false,
        };
        push_slowly(&mut self.inventory.certificates, entry);
    }

    pub(super) fn add_request(&mut self, request: Arc<Request>, key: u32, occurrence: Occurrence) {
        let known = &mut self.inventory.requests;
        let at = *self.requests.entry(request.sha256).or_insert_with(|| {
            known.push(RequestEntry { request, occurrences: Few::NONE, key });
            known.len() as u32 - 1
        });
        known[at as usize].occurrences.push(occurrence);
    }

    /// Adds a certificate that is not there any more.
    pub(super) fn add_recorded_certificate(
        &mut self,
        certificate: Arc<Certificate>,
        issued_others: bool,
        occurrence: Occurrence,
    ) {
        let sha256 = certificate.sha256;
        self.add_certificate(certificate, occurrence);
        if issued_others {
            let known = &self.inventory.certificates;
            if let Some(at) =
                self.certificates.find(sha256.as_bytes(), |i| known[i as usize].certificate.sha256.as_bytes())
            {
                self.inventory.certificates[at as usize].issued_others = true;
            }
        }
    }

    /// The entry of a key that is not there any more: one that is known already, else one with the facts of
    /// the record.
    pub(super) fn recorded_key(&mut self, spki: &SpkiHash, facts: &mut dyn Facts) -> Option<usize> {
        let keys = &self.inventory.keys;
        if let Some(at) = self.keys.find(spki.as_bytes(), |i| keys[i as usize].spki.as_bytes()) {
            return Some(at as usize);
        }
        facts.key(spki).map(|facts| self.key(*spki, &facts) as usize)
    }

    /// The entry of a key. If there is none yet, it gets these facts.
    fn key(&mut self, spki: SpkiHash, facts: &Arc<KeyFacts>) -> u32 {
        let keys = &mut self.inventory.keys;
        let new = keys.len() as u32;
        let known = self.keys.find_or_add(spki.as_bytes(), new, |i| keys[i as usize].spki.as_bytes());
        let at = known.unwrap_or_else(|| {
            push_slowly(
                keys,
                KeyEntry {
                    spki,
                    facts: Arc::clone(facts),
                    raw_forms: Vec::new(),
                    findings: Codes::NONE,
                    private: Few::NONE,
                    unverified: Few::NONE,
                    certificates: Few::NONE,
                    public: Few::NONE,
                    same_modulus: Arc::default(),
                },
            );
            new
        });
        let entry = &mut keys[at as usize];
        entry.findings = entry.findings.union(facts.findings);
        if let Some(raw) = facts.spki_raw
            && !entry.raw_forms.contains(&raw)
        {
            entry.raw_forms.push(raw);
        }
        at
    }

    /// Sorts everything by its name, so that the order of files and threads leaves no trace, and joins keys
    /// of one modulus.
    #[must_use]
    pub fn finish(self, ledgers: Vec<Ledger>, threads: usize) -> Inventory {
        let Self { mut inventory, certificates: by_fingerprint, keys: by_spki, requests, members } = self;
        drop((by_fingerprint, by_spki, requests, members));
        inventory.files.shrink_to_fit();
        inventory.certificates.shrink_to_fit();
        inventory.keys.shrink_to_fit();
        let Inventory { certificates, keys, requests, .. } = &mut inventory;
        let (certificate_order, key_order) = parallel::join(
            threads,
            || sort_order(certificates, |c| c.certificate.sha256.as_bytes()),
            || sort_order(keys, |k| k.spki.as_bytes()),
        );
        let sort_certificates = || {
            for certificate in certificates.iter_mut() {
                certificate.key = key_order[certificate.key as usize];
                certificate.occurrences.shrink_to_fit();
            }
            put_in_order(certificates, &certificate_order);
        };
        let sort_keys = || {
            for key in keys.iter_mut() {
                key.certificates.iter_mut().for_each(|c| *c = certificate_order[*c as usize]);
                key.certificates.sort_unstable();
                key.raw_forms.sort_unstable();
            }
            put_in_order(keys, &key_order);
            join_moduli(keys);
        };
        parallel::join(threads, sort_certificates, sort_keys);
        for request in requests.iter_mut() {
            request.key = key_order[request.key as usize];
        }
        requests.sort_unstable_by_key(|r| (r.key, r.request.sha256));
        inventory.ledgers = ledgers;
        inventory.locked_keys = owners::locked_keys(&inventory, &inventory.directories);
        inventory
    }
}

/// What others showed of the key of a certificate in the same form is kept once.
fn share(certificate: &mut Arc<Certificate>, known: Option<&Arc<KeyFacts>>) {
    if let Some(facts) =
        known.filter(|facts| !Arc::ptr_eq(facts, &certificate.key) && **facts == certificate.key)
        && let Some(certificate) = Arc::get_mut(certificate)
    {
        certificate.key = Arc::clone(facts);
    }
}

/// Appends, growing by a quarter: doubling would leave up to half of the largest lists unused.
fn push_slowly<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4 + 64);
    }
    list.push(item);
}

/// For each old index its new one, when they are sorted by these hashes. Beginnings are compared first: they
/// lie side by side in memory.
fn sort_order<T>(items: &[T], hash: impl Fn(&T) -> &[u8; 32]) -> Vec<u32> {
    let beginning = |item| hash(item).first_chunk().map_or(0, |first: &[u8; 8]| u64::from_be_bytes(*first));
    let mut order: Vec<(u64, u32)> =
        items.iter().enumerate().map(|(i, item)| (beginning(item), i as u32)).collect();
    order.sort_unstable_by(|(a, i), (b, j)| {
        a.cmp(b).then_with(|| hash(&items[*i as usize]).cmp(hash(&items[*j as usize])))
    });
    let mut new = vec![0; items.len()];
    order.iter().enumerate().for_each(|(at, (_, old))| new[*old as usize] = at as u32);
    new
}

/// Moves each item to its new index.
fn put_in_order<T>(items: &mut [T], new: &[u32]) {
    let mut new = new.to_vec();
    for i in 0..items.len() {
        // Each swap brings one item to its place.
        while new[i] as usize != i {
            let to = new[i] as usize;
            items.swap(i, to);
            new.swap(i, to);
        }
    }
}

fn join_moduli(keys: &mut [KeyEntry]) {
    let mut by_modulus: HashMap<[u8; 16], Vec<u32>> = HashMap::new();
    for (i, key) in keys.iter().enumerate() {
        if let Some(modulus) = key.facts.modulus {
            by_modulus.entry(modulus).or_default().push(i as u32);
        }
    }
    for group in by_modulus.into_values().filter(|g| g.len() > 1) {
        let group: Arc<[u32]> = group.into();
        for &i in group.iter() {
            keys[i as usize].same_modulus = Arc::clone(&group);
        }
    }
}
