//! The passphrase of new keys: from a file, the environment or the terminal, never from the command line,
//! where every process could see it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use certrecall::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::error::Error;

/// Where the passphrase of new keys comes from.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyPassphrase {
    /// Passphrase of encrypted keys: the first line of this file [default: rekey asks on the terminal,
    /// complete never asks]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_passphrase_file: Option<PathBuf>,
    /// Passphrase of encrypted keys: the value of this environment variable
    #[arg(long, value_name = "NAME", conflicts_with = "key_passphrase_file")]
    pub(crate) key_passphrase_env: Option<String>,
}

/// A passphrase is at most so long.
const LONGEST: usize = 4096;

impl KeyPassphrase {
    /// The passphrase that the arguments name, if they name one.
    pub(crate) fn named(&self) -> Result<Option<Secret>, Error> {
        if let Some(path) = &self.key_passphrase_file {
            return from_file("--key-passphrase-file", path).map(Some);
        }
        let Some(name) = &self.key_passphrase_env else { return Ok(None) };
        let flag = "--key-passphrase-env";
        match std::env::var_os(name) {
            Some(value) => {
                checked(flag, Secret::new(std::os::unix::ffi::OsStringExt::into_vec(value))).map(Some)
            }
            None => {
                Err(Error::Value { flag, says: format!("there is no variable {name:?} in the environment") })
            }
        }
    }

    /// The passphrase for keys that are to be encrypted: the one named, or one typed twice.
    pub(crate) fn for_new_keys(&self) -> Result<Secret, Error> {
        match self.named()? {
            Some(passphrase) => Ok(passphrase),
            None => typed(),
        }
    }
}

/// The passphrase in the first line of a file.
pub(crate) fn from_file(flag: &'static str, path: &Path) -> Result<Secret, Error> {
    let input = |error| Error::Input { what: "file with the passphrase", path: path.to_owned(), error };
    checked(flag, first_line(File::open(path).map_err(input)?).map_err(input)?)
}

/// Not empty, and a single line.
fn checked(flag: &'static str, passphrase: Secret) -> Result<Secret, Error> {
    match passphrase.expose() {
        [] => Err(Error::Value {
            flag,
            says: "the passphrase is empty, which would protect nothing".to_owned(),
        }),
        bytes if bytes.contains(&b'\n') || bytes.contains(&0) => Err(Error::Value {
            flag,
            says: "a passphrase is one line without NUL bytes, or other programs could not be given it"
                .to_owned(),
        }),
        _ => Ok(passphrase),
    }
}

/// The first line without its end, as `openssl -passin file:` takes it. The buffer never grows, so no copy
/// stays behind.
fn first_line(input: impl Read) -> io::Result<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 2));
    input.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > LONGEST {
        Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than 4,096 bytes"))
    } else {
        Ok(Secret::new(line.to_vec()))
    }
}

/// Asks twice on the terminal, whatever standard input is.
fn typed() -> Result<Secret, Error> {
    let flag = "--key-format pkcs8-encrypted";
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(|_| Error::Value {
        flag,
        says: "there is no terminal to ask for the passphrase; give --key-passphrase-file or --key-passphrase-env".to_owned(),
    })?;
    let asked = |prompt| {
        ask(&terminal, prompt).map_err(|e| Error::Value {
            flag,
            says: format!("the passphrase cannot be read from the terminal: {e}"),
        })
    };
    let (first, second) = (asked("Passphrase of the new keys: ")?, asked("The same again: ")?);
    if first.expose() != second.expose() {
        return Err(Error::Value { flag, says: "the two passphrases differ".to_owned() });
    }
    checked(flag, first)
}

/// Control-C and control-backslash, which otherwise end the run and leave a terminal that shows nothing that
/// is typed.
const INTERRUPTS: [u8; 2] = [0x03, 0x1c];

/// One line that is not shown.
fn ask(mut terminal: &File, prompt: &str) -> io::Result<Secret> {
    let shown = tcgetattr(terminal)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
    // They end a line, so that they are read at once.
    hidden.special_codes[SpecialCodeIndex::VEOL] = INTERRUPTS[0];
    hidden.special_codes[SpecialCodeIndex::VEOL2] = INTERRUPTS[1];
    tcsetattr(terminal, OptionalActions::Flush, &hidden)?;
    let line = terminal.write_all(prompt.as_bytes()).and_then(|()| {
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
        let mut byte = Zeroizing::new([0]);
        while line.len() < LONGEST && terminal.read(&mut *byte)? == 1 && byte[0] != b'\n' {
            if INTERRUPTS.contains(&byte[0]) {
                return Err(io::Error::new(io::ErrorKind::Interrupted, "it was interrupted"));
            }
            line.push(byte[0]);
        }
        Ok(Secret::new(std::mem::take(&mut *line)))
    });
    tcsetattr(terminal, OptionalActions::Flush, &shown)?;
    terminal.write_all(b"\n")?;
    line
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt as _;

    use super::*;

    /// A terminal: the end of its user, and its own.
    fn terminal() -> (File, File) {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&user).and_then(|()| unlockpt(&user)).unwrap();
        let name = ptsname(&user, Vec::new()).unwrap().into_string().unwrap();
        let own = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(rustix::fs::OFlags::NOCTTY.bits().cast_signed())
            .open(name)
            .unwrap();
        (user.into(), own)
    }

    #[test]
    fn what_interrupts_the_question_leaves_a_terminal_that_shows() {
        for (typed, line) in
            [(&b"horse\n"[..], Some(&b"horse"[..])), (b"hor\x03", None), (b"hor\x1c", None), (b"\x03", None)]
        {
            let (mut user, own) = terminal();
            let before = tcgetattr(&own).unwrap();
            let asked = std::thread::spawn(move || (ask(&own, "Passphrase: "), own));
            // What is typed before the question is thrown away, so that it has to be there.
            let mut shown = vec![0; 12];
            user.read_exact(&mut shown).unwrap();
            assert_eq!(shown, b"Passphrase: ");
            user.write_all(typed).unwrap();
            let (answer, own) = asked.join().unwrap();
            assert_eq!(answer.as_ref().ok().map(Secret::expose), line, "{typed:?}");
            let after = tcgetattr(&own).unwrap();
            assert_eq!(
                (after.local_modes, after.special_codes[SpecialCodeIndex::VEOL]),
                (before.local_modes, before.special_codes[SpecialCodeIndex::VEOL])
            );
            assert!(after.local_modes.contains(LocalModes::ECHO | LocalModes::ISIG));
        }
    }

    #[test]
    fn the_first_line_counts_verbatim() {
        for (text, line) in [
            (&b" a b \nsecond\n"[..], &b" a b "[..]),
            (b"x\r\n", b"x"),
            (b"\xff\xfe", b"\xff\xfe"),
            (b"", b""),
            (b"\n", b""),
        ] {
            assert_eq!(first_line(text).unwrap().expose(), line);
        }
        assert!(first_line(&[b'x'; LONGEST][..]).is_ok() && first_line(&[b'x'; LONGEST + 1][..]).is_err());
        assert!(
            checked("", Secret::new(vec![])).is_err() && checked("", Secret::new(b"a\0".to_vec())).is_err()
        );
    }
}
