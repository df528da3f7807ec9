//! One archive after another in one file: the members of each go to a visitor, which may find an archive in one
//! and open that.

use std::io::{self, Read};

use super::budget::Budget;
use super::kind::Kind;
use super::links::Links;
use super::member::{Member, NAMELESS, Way, block_in, is_own, is_within, join, name, shown, whole};
use super::tar::{Extra, Next, Tar};
use super::visit::Visit;
use super::zip::Bytes;
use super::{gaps, gzip, inflate, zip};
use crate::finding::Reason;
use crate::pki::Unread;
use crate::read::found::Item;

/// An archive that is opened.
pub(in crate::read) struct Opening<'v> {
    /// Gets what is in it.
    pub(in crate::read) visit: &'v mut dyn Visit,
    /// What the file may cost, this archive included.
    pub(in crate::read) budget: &'v Budget,
    /// Only this member of the file is wanted.
    pub(in crate::read) only: Option<&'v str>,
    /// The path of the file.
    pub(in crate::read) path: &'v str,
    /// A file before a zip is read whole up to this many bytes.
    pub(in crate::read) window: usize,
}

impl Opening<'_> {
    /// Opens one archive. Its own records go to `own`. `false`: it is none.
    pub(in crate::read) fn open(
        &mut self,
        kind: Kind,
        stream: &mut dyn Read,
        bytes: Bytes<'_>,
        way: &Way,
        own: &mut Vec<Item>,
    ) -> io::Result<bool> {
        match kind {
            Kind::Gzip => self.gzip(stream, way, own).map(|()| true),
            Kind::Tar => self.tar(stream, way, own).map(|()| true),
            Kind::Zip | Kind::ZipBehind => self.zip(bytes, way, own, kind),
        }
    }

    fn gzip(&mut self, stream: &mut dyn Read, way: &Way, own: &mut Vec<Item>) -> io::Result<()> {
        let mut state = self.visit.spare().state();
        let read = self.gzip_with(stream, &mut state, way, own);
        self.visit.spare().put_state(state);
        read
    }

    fn gzip_with(
        &mut self,
        stream: &mut dyn Read,
        state: &mut inflate::State,
        way: &Way,
        own: &mut Vec<Item>,
    ) -> io::Result<()> {
        let Some((header, mut content)) = gzip::Gzip::open(stream, state, self.budget)? else {
            own.push(whole(Unread::Skipped(Reason::FormatNotRead, "gzip".to_owned())));
            return Ok(());
        };
        self.budget.member()?;
        let name = if header.name.is_empty() {
            self.without_suffix(way)
        } else {
            self.name(&header.name, way, own)?
        };
        let member = Member { way: join(way, &name), time: header.time, size: 0, gzip: Some(way) };
        self.visit.member(&member, &mut content, own)?;
        if let Some(rest) = content.behind()? {
            let before = own.len();
            self.visit.behind(&[], rest, 0, own)?;
            if own.len() == before {
                let detail = "what lies behind the gzip stream is none, and no text with objects; another program may read more of it";
                own.push(whole(Unread::Unreadable(Reason::BadObject, detail.to_owned())));
            }
        }
        Ok(())
    }

    /// The name of a compressed file without what says that it is compressed.
    fn without_suffix(&self, way: &Way) -> String {
        let full = way.as_deref().unwrap_or(self.path);
        let base = full.rsplit('/').next().unwrap_or(full);
        let cut = |suffix: &str| {
            base.len()
                .checked_sub(suffix.len())
                .filter(|at| *at > 0 && base.as_bytes()[*at..].eq_ignore_ascii_case(suffix.as_bytes()))
        };
        if let Some(at) = cut(".tgz") {
            return format!("{}.tar", &base[..at]);
        }
        cut(".gz").map_or_else(|| NAMELESS.to_owned(), |at| base[..at].to_owned())
    }

    fn tar(&mut self, stream: &mut dyn Read, way: &Way, own: &mut Vec<Item>) -> io::Result<()> {
        let mut tar = Tar::new(stream);
        let (mut any, mut last, mut links) = (false, String::new(), Links::default());
        let behind = loop {
            match tar.next()? {
                Next::End if any => return Ok(()),
                Next::End => {
                    own.push(whole(Unread::Skipped(Reason::NoPkiContent, "tar without members".to_owned())));
                    return Ok(());
                }
                Next::CutShort => {
                    let behind = if any { format!(" behind {last}") } else { String::new() };
                    let detail = format!("the tar ends without its end mark{behind}: it may be cut short");
                    own.push(whole(Unread::Unreadable(Reason::BadObject, detail)));
                    return Ok(());
                }
                Next::Extra(extra) => {
                    self.extra(&extra, way, own)?;
                    continue;
                }
                Next::File(mut entry) => {
                    self.budget.member()?;
                    let name = self.tar_name(&tar, &entry.name, way, own)?;
                    let member =
                        Member { way: join(way, &name), time: entry.time, size: entry.size, gzip: None };
                    let mut content = tar.content(&mut entry, self.budget);
                    let outer = self.visit.watched().watch(&member.way);
                    let read = self.visit.member(&member, &mut content, own);
                    links.met(&entry.name, entry.size, self.visit.watched().end(outer));
                    read?;
                    // Whatever was not of interest.
                    io::copy(&mut content, &mut io::sink())?;
                    last = shown(&entry.name);
                }
                Next::Special(raw, says) => {
                    self.budget.member()?;
                    let name = self.tar_name(&tar, &raw, way, own)?;
                    self.visit.emit(
                        &join(way, &name),
                        None,
                        None,
                        vec![whole(Unread::Skipped(Reason::SpecialFile, says.to_owned()))],
                    );
                    last = shown(&raw);
                }
                Next::Link(link) => {
                    self.budget.member()?;
                    links.link(self.visit, self.budget, self.only, way, &link)?;
                    last = shown(&link.name);
                }
                Next::Damaged(block) => {
                    let at = tar.last_block();
                    let detail =
                        format!("the tar is damaged at byte {at}; what lies behind it was looked at as text");
                    own.push(Item { offset: at, ..whole(Unread::Unreadable(Reason::BadObject, detail)) });
                    break block;
                }
                Next::Behind(block) => break block,
            }
            any = true;
        };
        let at = tar.last_block();
        self.visit.behind(&behind[..], tar.rest(), at, own)
    }

    /// Bytes of a tar that belong to no member: objects in them are the archive's own.
    fn extra(&mut self, extra: &Extra, way: &Way, own: &mut Vec<Item>) -> io::Result<()> {
        self.budget.member()?;
        own.extend(extra.trouble.clone().map(|unread| Item { offset: extra.at, ..whole(unread) }));
        if is_own(self.only, way) {
            self.visit.behind(&extra.bytes, &mut io::empty(), extra.at, own)
        } else {
            Ok(())
        }
    }

    /// The name of a member of a tar. One that was in an extended header was looked at there.
    fn tar_name(&mut self, tar: &Tar<'_>, raw: &[u8], way: &Way, own: &mut Vec<Item>) -> io::Result<String> {
        if tar.is_named_by_extension() { Ok(name(raw)) } else { self.name(raw, way, own) }
    }

    /// The name of a member; a PEM block in it is looked at like what lies in the archive itself.
    fn name(&mut self, raw: &[u8], way: &Way, own: &mut Vec<Item>) -> io::Result<String> {
        if block_in(raw).is_some() && is_own(self.only, way) {
            self.visit.behind(raw, &mut io::empty(), 0, own)?;
        }
        Ok(name(raw))
    }

    fn zip(&mut self, bytes: Bytes<'_>, way: &Way, own: &mut Vec<Item>, kind: Kind) -> io::Result<bool> {
        if !zip::may_have_end(bytes) {
            return Ok(false);
        }
        let mut room = vec![0; zip::RECORD];
        let Some(zip) = zip::open(bytes, &mut room)? else { return Ok(false) };
        let mut state = self.visit.spare().state();
        let read = self.zip_with(&zip, &mut room, &mut state, way, own);
        self.visit.spare().put_state(state);
        let Some(gaps) = read? else { return Ok(false) };
        if is_own(self.only, way) {
            // What a zip was put behind is a file of its own, if it is not too large for that.
            let front = if kind == Kind::ZipBehind { self.window as u64 } else { 0 };
            gaps::look(self.visit, bytes, gaps, front, own)?;
        }
        Ok(true)
    }

    /// Reads the members of a zip; what of it has no place in it. `None` if the directory is none.
    fn zip_with(
        &mut self,
        zip: &rawzip::ZipArchive<Bytes<'_>>,
        room: &mut [u8],
        state: &mut inflate::State,
        way: &Way,
        own: &mut Vec<Item>,
    ) -> io::Result<Option<Vec<(u64, u64)>>> {
        let (mut count, mut files, mut covered) = (0u64, 0u64, gaps::Covered::new(zip.directory_offset()));
        let mut entries = zip.entries(room);
        let wrong = loop {
            let entry = match entries.next_entry() {
                Ok(Some(record)) => zip::Entry::new(&record),
                Ok(None) => break None,
                Err(_) if count == 0 => return Ok(None),
                Err(error) => {
                    break Some(format!(
                        "the directory of the zip is damaged behind {count} members: {error}"
                    ));
                }
            };
            count += 1;
            self.budget.member()?;
            covered.record(&entry);
            let found = zip.get_entry(entry.at);
            if let Ok(found) = &found {
                covered.member(*zip.get_ref(), &entry, found.compressed_data_range())?;
            }
            if !entry.is_folder() {
                files += 1;
                self.zip_member(found, &entry, state, way, own)?;
            }
        };
        covered.end(*zip.get_ref(), zip.eocd_offset())?;
        // Without ZIP64 the number counts to 65,535, and starts anew in what old programs wrote.
        let said = zip.entries_hint();
        let wrong = wrong.or_else(|| {
            (said != count && said != count & 0xffff)
                .then(|| format!("the zip says it has {said} members, and {count} are there"))
        });
        if let Some(detail) = wrong {
            own.push(whole(Unread::Unreadable(Reason::BadObject, detail)));
        } else if files == 0 {
            own.push(whole(Unread::Skipped(Reason::NoPkiContent, "zip without members".to_owned())));
        }
        Ok(Some(covered.gaps(zip.get_ref().len())))
    }

    fn zip_member(
        &mut self,
        found: Result<rawzip::ZipEntry<'_, Bytes<'_>>, rawzip::Error>,
        entry: &zip::Entry,
        state: &mut inflate::State,
        way: &Way,
        own: &mut Vec<Item>,
    ) -> io::Result<()> {
        let name = self.name(&entry.name, way, own)?;
        let member = Member { way: join(way, &name), time: entry.time, size: entry.size, gzip: None };
        if !is_within(self.only, &member.way) {
            return Ok(());
        }
        let compressed = match entry.method {
            _ if entry.encrypted => {
                self.visit.emit(
                    &member.way,
                    entry.time,
                    None,
                    vec![whole(Unread::Locked(Reason::PassphraseNeeded, None))],
                );
                return Ok(());
            }
            rawzip::CompressionMethod::STORE => false,
            rawzip::CompressionMethod::DEFLATE => true,
            method => {
                let detail = format!("zip, compressed by method {method}");
                self.visit.emit(
                    &member.way,
                    entry.time,
                    None,
                    vec![whole(Unread::Skipped(Reason::FormatNotRead, detail))],
                );
                return Ok(());
            }
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let detail = format!("the zip has no member where it says: {error}");
                self.visit.emit(
                    &member.way,
                    entry.time,
                    None,
                    vec![whole(Unread::Unreadable(Reason::BadObject, detail))],
                );
                return Ok(());
            }
        };
        let mut raw = found.reader();
        state.decoder.reset();
        let input = inflate::Input::new(&mut raw, &mut state.input);
        let decoder = compressed.then_some(&mut state.decoder);
        self.visit.member(&member, &mut zip::Member::new(input, decoder, entry, self.budget), own)
    }
}
