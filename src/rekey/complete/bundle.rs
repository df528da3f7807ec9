//! Bundles on the disk: `issued/` beside the key it belongs to, whole or not at all; what it takes the place
//! of stays as `issued-1` and so on.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::current::{current, read};
use super::gather::Met;
use super::judgement::{Accepted, Judged, State};
use super::layouts::{self, Layout, Parts};
use super::model::Expected;
use super::pem::{CERTIFICATE, CHAIN, FULL_CHAIN, ISSUED, ISSUED_RECORD, full_chain};
use super::pkcs12::Exporter;
use super::record::Issued;
use crate::files::{self, Batch, Staged};
use crate::id::StepId;
use crate::rekey::key::pem;
use crate::rekey::readback::open_key;
use crate::rekey::{Error, KeyFormat, Made, REPLACEMENTS};
use crate::secret::Secret;

/// Bundles that are flushed to the disk together.
const BATCH: usize = 1024;

/// What was put on the disk for one replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Its step.
    pub id: StepId,
    /// The bundle, relative to the case.
    pub directory: String,
    /// Whether the certificate is new there.
    pub new: bool,
    /// Layouts that were written now.
    pub layouts: Vec<Layout>,
}

/// A layout that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The step of the replacement.
    pub id: StepId,
    /// The layout.
    pub layout: Layout,
    /// Why not.
    #[serde(rename = "message")]
    pub says: &'static str,
}

/// What is to become of one bundle.
struct Job {
    made: Made,
    staged: Option<Staged>,
    /// Its name in `replacements/`.
    name: String,
    written: Written,
}

/// How bundles are written.
struct Writer<'a> {
    case_dir: &'a Path,
    layouts: BTreeSet<Layout>,
    passphrase: Option<&'a Secret>,
    exporter: Option<Exporter>,
    left_out: Vec<LeftOut>,
}

/// Writes a bundle for everything accepted, and the layouts that the bundles of earlier runs lack. `expected`
/// is what was judged. `passphrase` opens encrypted keys, `export` closes PKCS #12 files. **The caller must
/// hold the lock of the case.**
///
/// # Errors
/// What the disk refuses; the bundles finished before stay.
pub fn write(
    case_dir: &Path,
    expected: &[Expected],
    judged: &Judged,
    layouts: &[Layout],
    passphrase: Option<&Secret>,
    export: Option<&Secret>,
) -> Result<(Vec<Written>, Vec<LeftOut>), Error> {
    let layouts: BTreeSet<Layout> = layouts.iter().copied().filter(|l| *l != Layout::Pem).collect();
    let exporter = match export.filter(|_| layouts.contains(&Layout::Pkcs12)) {
        Some(passphrase) => Some(Exporter::new(passphrase).map_err(|_| files::Error::NoRandom)?),
        None => None,
    };
    let mut writer = Writer { case_dir, layouts, passphrase, exporter, left_out: Vec::new() };
    let mut written = Vec::new();
    let parent = case_dir.join(REPLACEMENTS);
    if !parent.is_dir() {
        return Ok((written, writer.left_out));
    }
    let batch = Batch::open(&parent)?;
    let all: Vec<_> = expected.iter().zip(&judged.replacements).collect();
    for chunk in all.chunks(BATCH) {
        let mut jobs = Vec::new();
        for (expected, judgement) in chunk {
            match (&judgement.accepted, &expected.made) {
                (Some(accepted), _) => jobs.push(writer.fresh(&batch, &judgement.id, accepted)?),
                (None, Some(made)) if judgement.state == State::Complete => {
                    jobs.extend(writer.more(&batch, &judgement.id, made)?)
                }
                _ => {}
            }
        }
        writer.place(&batch, jobs, &mut written)?;
    }
    Ok((written, writer.left_out))
}

impl Writer<'_> {
    /// A new bundle, whole under a hidden name and read back.
    fn fresh(&mut self, batch: &Batch, id: &StepId, accepted: &Accepted) -> Result<Job, Error> {
        let Accepted { made, certificate, chain, issued } = accepted;
        let replacement = self.case_dir.join(&made.directory);
        let folder = made.directory[REPLACEMENTS.len() + 1..].to_owned();
        let (name, there) = free_name(&replacement, issued);
        let mut job = Job {
            made: made.clone(),
            staged: None,
            name: format!("{folder}/{name}"),
            written: Written {
                id: *id,
                directory: format!("{}/{ISSUED}", made.directory),
                new: true,
                layouts: Vec::new(),
            },
        };
        if there {
            return Ok(job);
        }
        let (extra, layouts) = self.layouts_of(id, made, certificate, chain, self.layouts.clone());
        let above: Vec<u8> = chain.iter().flat_map(|m| pem("CERTIFICATE", &m.der)).collect();
        let (full, own, record) =
            (full_chain(certificate, chain), pem("CERTIFICATE", &certificate.der), issued.to_json());
        let mut files: Vec<(&'static str, &[u8])> =
            vec![(FULL_CHAIN, &full), (CERTIFICATE, &own), (CHAIN, &above), (ISSUED_RECORD, &record)];
        files.extend(extra.iter().map(|(name, content)| (*name, content.expose())));
        job.staged = Some(batch.stage(&files)?);
        job.written.layouts = layouts;
        Ok(job)
    }

    /// The layouts that a bundle of an earlier run lacks.
    fn more(&mut self, batch: &Batch, id: &StepId, made: &Made) -> Result<Vec<Job>, Error> {
        let replacement = self.case_dir.join(&made.directory);
        let lacking: BTreeSet<Layout> = self
            .layouts
            .iter()
            .copied()
            .filter(|l| !replacement.join(ISSUED).join(l.as_str()).exists())
            .collect();
        let Some(Ok(current)) = current(&replacement).filter(|_| !lacking.is_empty()) else {
            return Ok(Vec::new());
        };
        let mut jobs = Vec::new();
        for layout in lacking {
            let (extra, layouts) =
                self.layouts_of(id, made, &current.certificate, &current.chain, BTreeSet::from([layout]));
            if layouts.is_empty() {
                continue;
            }
            let inside = |name: &'static str| name.split_once('/').map_or(name, |(_, file)| file);
            let files: Vec<(&'static str, &[u8])> =
                extra.iter().map(|(name, content)| (inside(name), content.expose())).collect();
            let staged = Some(batch.stage(&files)?);
            let name = format!("{}/{ISSUED}/{layout}", &made.directory[REPLACEMENTS.len() + 1..]);
            let written =
                Written { id: *id, directory: format!("{}/{ISSUED}", made.directory), new: false, layouts };
            jobs.push(Job { made: made.clone(), staged, name, written });
        }
        Ok(jobs)
    }

    /// The files of layouts, and those layouts that could be made.
    fn layouts_of(
        &mut self,
        id: &StepId,
        made: &Made,
        leaf: &Met,
        chain: &[Met],
        wanted: BTreeSet<Layout>,
    ) -> (Vec<layouts::File>, Vec<Layout>) {
        let (mut files, mut done) = (Vec::new(), Vec::new());
        if wanted.is_empty() {
            return (files, done);
        }
        let key = open_key(&self.case_dir.join(&made.directory), &made.record, self.passphrase);
        let closed = made.record.key_format == KeyFormat::Pkcs8Encrypted && self.passphrase.is_none();
        let key = if closed {
            Err(
                "key.pem is encrypted; --key-passphrase-file FILE or --key-passphrase-env NAME gives its passphrase",
            )
        } else {
            key
        };
        for layout in wanted {
            let parts = |key| Parts { made, leaf, chain, key, exporter: self.exporter.as_ref() };
            match key.as_ref().map_err(|says| *says).and_then(|key| layouts::files(layout, &parts(key))) {
                Ok(more) => {
                    files.extend(more);
                    done.push(layout);
                }
                Err(says) => self.left_out.push(LeftOut { id: *id, layout, says }),
            }
        }
        (files, done)
    }

    /// Gives what is staged its names, the new bundles the name `issued`.
    fn place(&self, batch: &Batch, mut jobs: Vec<Job>, written: &mut Vec<Written>) -> Result<(), Error> {
        let staged = jobs.iter_mut().filter_map(|job| Some((job.staged.take()?, job.name.clone()))).collect();
        batch.commit(staged)?;
        for job in jobs {
            let replacement = self.case_dir.join(&job.made.directory);
            let version = job.name.rsplit('/').next().unwrap_or_default();
            if job.written.new && version != ISSUED {
                files::exchange(&replacement.join(version), &replacement.join(ISSUED))?;
            }
            written.push(job.written);
        }
        Ok(())
    }
}

/// The name under which a new bundle is put first: `issued` if there is none yet, else the next `issued-N`,
/// which then changes places with it. `true`: a run that was killed before that left it there.
fn free_name(replacement: &Path, issued: &Issued) -> (String, bool) {
    let names = fs::read_dir(replacement)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned());
    let number = |name: &str| name.strip_prefix(ISSUED)?.strip_prefix('-')?.parse::<u32>().ok();
    let mut versions: Vec<u32> = names.filter_map(|name| number(&name)).collect();
    versions.sort_unstable();
    for version in versions.iter().rev() {
        let name = format!("{ISSUED}-{version}");
        if read(&replacement.join(&name))
            .is_ok_and(|c| c.issued.sha256 == issued.sha256 && c.issued.chain == issued.chain)
        {
            return (name, true);
        }
    }
    match versions.last() {
        None if fs::symlink_metadata(replacement.join(ISSUED)).is_err() => (ISSUED.to_owned(), false),
        last => (format!("{ISSUED}-{}", last.map_or(1, |n| n.saturating_add(1))), false),
    }
}
