//! Archives made byte by byte, for what no writer makes.

use certrecall::time::Written;

/// One member of a zip.
#[derive(Clone)]
pub struct Zipped {
    pub name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    /// As it lies in the file.
    pub bytes: Vec<u8>,
    /// What the directory says of its size.
    pub size: u32,
    pub time: u16,
    pub date: u16,
    /// Extra fields in the directory.
    pub extra: Vec<u8>,
    /// The system that it was made on.
    pub made_on: u8,
    /// Where the directory says that it lies; else where it does.
    pub offset: Option<u32>,
}

/// A stored member.
pub fn stored(name: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> Zipped {
    let bytes = bytes.as_ref().to_vec();
    Zipped {
        name: name.as_ref().to_vec(),
        method: 0,
        flags: 0,
        crc: crc(&bytes),
        size: bytes.len() as u32,
        bytes,
        time: 0,
        date: 0x21,
        extra: Vec::new(),
        made_on: 3,
        offset: None,
    }
}

/// A compressed one.
pub fn deflated(name: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> Zipped {
    let plain = stored(name, bytes);
    Zipped { method: 8, bytes: deflate(&plain.bytes), ..plain }
}

pub fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// The zip of these (APPNOTE 4.3.7, 4.3.12, 4.3.16), with something before it.
pub fn zip_behind(before: &[u8], members: &[Zipped]) -> Vec<u8> {
    let (mut out, mut directory) = (before.to_vec(), Vec::new());
    for member in members {
        let at = member.offset.unwrap_or((out.len() - before.len()) as u32);
        let mut common = Vec::new();
        for word in [20, member.flags, member.method, member.time, member.date] {
            common.extend_from_slice(&word.to_le_bytes());
        }
        for word in [member.crc, member.bytes.len() as u32, member.size] {
            common.extend_from_slice(&word.to_le_bytes());
        }
        common.extend_from_slice(&(member.name.len() as u16).to_le_bytes());
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&member.name);
        out.extend_from_slice(&member.bytes);
        directory.extend_from_slice(b"PK\x01\x02\x14");
        directory.push(member.made_on);
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&(member.extra.len() as u16).to_le_bytes());
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(&member.name);
        directory.extend_from_slice(&member.extra);
    }
    let start = (out.len() - before.len()) as u32;
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        out.extend_from_slice(&(members.len() as u16).to_le_bytes());
    }
    out.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

pub fn zip(members: &[Zipped]) -> Vec<u8> {
    zip_behind(b"", members)
}

/// A header of a tar (POSIX.1-2017 `pax`), ustar, and its content filled up.
pub fn entry(kind: u8, name: &[u8], size: u64, content: &[u8]) -> Vec<u8> {
    entry_with(kind, name, size, content, |_| {})
}

/// The same, changed before it is summed up.
pub fn entry_with(kind: u8, name: &[u8], size: u64, content: &[u8], change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000600\0");
    header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    header[136..148]
        .copy_from_slice(format!("{:011o}\0", Written::parse(CHANGED).unwrap().as_utc().unix()).as_bytes());
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    change(&mut header);
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header.extend_from_slice(content);
    header.resize(header.len().next_multiple_of(512), 0);
    header
}

/// When members of archives were changed.
pub const CHANGED: &str = "2015-03-04T05:06:08Z";

/// A file in a tar.
pub fn file(name: &str, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    entry(b'0', name.as_bytes(), content.len() as u64, content)
}

/// A tar of these, with its end mark.
pub fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut out = entries.concat();
    out.resize(out.len() + 1024, 0);
    out
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// One with a name and a time.
pub fn gzip_named(bytes: &[u8], name: &str, seconds: u32) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::GzBuilder::new()
        .filename(name)
        .mtime(seconds)
        .write(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}
