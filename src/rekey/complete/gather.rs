//! Reads what came back from the CA, in whatever form: certificates and revocation lists with their bytes,
//! and everything else told.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::id::Fingerprint;
use crate::pki::{self, Certificate, Crl, Object, Unread, show};
use crate::read::{self, Found, INTO, Item, Ledger, Options, Place, RootKind, Roots, WasRoot, ledger};

/// A certificate with its bytes.
#[derive(Clone)]
pub struct Met {
    /// Its facts.
    pub certificate: Arc<Certificate>,
    /// Its DER.
    pub der: Arc<[u8]>,
    /// Where it was found first, for people.
    pub place: String,
}

impl fmt::Debug for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Met({} in {:?})", self.certificate.sha256, self.place)
    }
}

/// A revocation list with its bytes.
#[derive(Debug, Clone)]
pub struct List {
    /// Its facts.
    pub list: Arc<Crl>,
    /// Its DER.
    pub der: Arc<[u8]>,
    /// Where it was found, for people.
    pub place: String,
}

/// Something that is neither certificate nor revocation list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Other {
    /// Where.
    pub place: String,
    /// What.
    pub what: String,
}

/// Everything that was found below some paths.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Distinct certificates, in the order of the walk.
    pub certificates: Vec<Met>,
    /// Distinct revocation lists.
    pub lists: Vec<List>,
    /// What it was no use for: keys, requests, what could not be read.
    pub others: Vec<Other>,
    /// The sums.
    pub ledger: Ledger,
    /// Paths below which there is nothing at all.
    pub empty: usize,
}

impl Gathered {
    /// Whether something could not be read that may matter.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.ledger.is_complete() && self.empty == 0
    }
}

/// One object that was met: its name, and where it lies.
enum Seen {
    Certificate(Arc<Certificate>, u32),
    List(Arc<Crl>, u32),
    Other(u32, String),
}

/// Reads everything below the roots.
#[must_use]
pub fn gather(roots: &Roots, options: &Options) -> Gathered {
    let mut files: Vec<(Place, Vec<Seen>)> = Vec::new();
    let add = |files: &mut Vec<(Place, Vec<Seen>)>, found: Found| {
        let seen: Vec<Seen> = found.items.iter().filter(|i| !ledger::is_quiet(i)).map(seen).collect();
        if !seen.is_empty() {
            files.push((found.place, seen));
        }
    };
    let consume = |mut batch: Vec<(Place, Vec<Seen>)>| {
        files.append(&mut batch);
        Ok::<(), Infallible>(())
    };
    let Ok(ledgers) = read::read(roots, options, Vec::new, add, consume);
    let mut out = Gathered::default();
    ledgers.into_iter().for_each(|l| out.ledger += l);
    let used: HashSet<u32> = files.iter().map(|(place, _)| place.root).collect();
    for (root, _) in roots.list().iter().zip(0u32..).filter(|(_, i)| !used.contains(i)) {
        let place = if matches!(root.kind, RootKind::Stdin(_)) {
            "standard input".to_owned()
        } else {
            show(&root.given.to_string_lossy())
        };
        out.others.push(Other {
            place,
            what: "not read: it holds no certificate, nor anything else that is known here".to_owned(),
        });
        out.empty += 1;
    }
    let mut known: HashMap<Fingerprint, ()> = HashMap::new();
    let mut files = files.into_iter().peekable();
    while let Some(first) = files.next() {
        // What lies in one archive is read again together.
        let file = Place::new(first.0.root, first.0.raw());
        let mut all = vec![first];
        while let Some(next) = files.next_if(|(place, _)| {
            place.member().is_some() && (place.root, place.raw()) == (file.root, file.raw())
        }) {
            all.push(next);
        }
        out.file(roots, &file, all, &mut known);
    }
    out
}

fn seen(item: &Item) -> Seen {
    match &item.body {
        Ok(Object::Certificate(certificate)) => Seen::Certificate(Arc::clone(certificate), item.line),
        Ok(Object::Crl(list)) => Seen::List(Arc::clone(list), item.line),
        Ok(Object::PrivateKey(_)) => Seen::Other(
            item.line,
            "a private key; a CA has no use for one, and whoever sent it knows it".to_owned(),
        ),
        Ok(Object::Request(_)) => {
            Seen::Other(item.line, "a certification request, no certificate".to_owned())
        }
        Ok(Object::PublicKey(_)) => Seen::Other(item.line, "a bare public key".to_owned()),
        Ok(Object::Parameters(_)) => Seen::Other(item.line, "key parameters".to_owned()),
        Err(Unread::Locked(reason, _)) => Seen::Other(item.line, format!("not read: {}", reason.describe())),
        Err(Unread::Skipped(reason, detail) | Unread::Unreadable(reason, detail)) => {
            let detail = if detail.is_empty() { String::new() } else { format!(" ({})", show(detail)) };
            Seen::Other(item.line, format!("not read: {}{detail}", reason.describe()))
        }
    }
}

impl Gathered {
    /// Takes over what one file holds, or each member of an archive; its bytes are read again for those that
    /// are new.
    fn file(
        &mut self,
        roots: &Roots,
        file: &Place,
        all: Vec<(Place, Vec<Seen>)>,
        known: &mut HashMap<Fingerprint, ()>,
    ) {
        let mut fresh = |sha256: Fingerprint| known.insert(sha256, ()).is_none();
        let mut wanted: HashMap<Fingerprint, Option<Arc<[u8]>>> = HashMap::new();
        let mut kept = Vec::new();
        for (place, seen) in all {
            let name = name(roots, &place);
            let at = |line: u32| if line > 0 { format!("{name}:{line}") } else { name.clone() };
            for one in seen {
                match &one {
                    Seen::Certificate(c, line) if fresh(c.sha256) => {
                        wanted.insert(c.sha256, None);
                        kept.push((at(*line), one));
                    }
                    Seen::List(l, line) if fresh(l.sha256) => {
                        wanted.insert(l.sha256, None);
                        kept.push((at(*line), one));
                    }
                    Seen::Other(line, what) => {
                        self.others.push(Other { place: at(*line), what: what.clone() })
                    }
                    Seen::Certificate(..) | Seen::List(..) => {}
                }
            }
        }
        if kept.is_empty() {
            return;
        }
        read::revisit(roots, file, &mut |bytes, object| {
            let sha256 = match object {
                Object::Certificate(c) => c.sha256,
                Object::Crl(l) => l.sha256,
                _ => return,
            };
            if let Some(der @ None) = wanted.get_mut(&sha256) {
                *der = Some(bytes.into());
            }
        });
        for (place, one) in kept {
            self.take(place, one, &mut wanted);
        }
    }

    /// Takes over one object with its bytes.
    fn take(&mut self, place: String, one: Seen, wanted: &mut HashMap<Fingerprint, Option<Arc<[u8]>>>) {
        let sha256 = match &one {
            Seen::Certificate(c, _) => c.sha256,
            Seen::List(l, _) => l.sha256,
            Seen::Other(..) => return,
        };
        let Some(der) = wanted.remove(&sha256).flatten() else {
            self.others.push(Other {
                place,
                what: "gone: it was changed while it was read; run this again".to_owned(),
            });
            self.ledger.seen += 1;
            self.ledger.unreadable += 1;
            return;
        };
        match one {
            Seen::Certificate(certificate, _) => {
                // One in BER is judged, and written, as the DER that it was made into.
                let exact = Fingerprint::of(&der) == sha256;
                let certificate =
                    if exact { certificate } else { pki::cert::read(&der).map_or(certificate, Arc::new) };
                self.certificates.push(Met { certificate, der, place });
            }
            Seen::List(list, _) => self.lists.push(List { list, der, place }),
            Seen::Other(..) => {}
        }
    }
}

/// A file as the user would name it.
fn name(roots: &Roots, place: &Place) -> String {
    let Some(root) = roots.list().get(place.root as usize) else { return show(&place.shown()) };
    let file = match root.kind {
        RootKind::Gone(WasRoot::Stdin) | RootKind::Stdin(_) => "standard input".to_owned(),
        RootKind::File | RootKind::Gone(WasRoot::File) => show(&root.given.to_string_lossy()),
        RootKind::Folder | RootKind::Gone(WasRoot::Folder) => {
            show(&root.given.join(&*place.path).to_string_lossy())
        }
    };
    place.member().map_or_else(|| file.clone(), |member| format!("{file}{INTO}{}", show(member)))
}
