//! Flushes while writing goes on.

use std::fs::File;
use std::io;
use std::sync::mpsc::sync_channel;

/// Gives `work` a word to say how many octets it wrote to the file, and has the disk take them while it goes
/// on, so that the flush at its end has little left to do. `flushed` is told each time.
///
/// # Errors
/// The disk did not take them. The system tells that once, so the flush at the end may not.
pub(crate) fn flushing<T>(
    file: &File,
    flushed: fn(&File),
    work: impl FnOnce(&mut (dyn FnMut(usize) + Send)) -> T,
) -> io::Result<T> {
    std::thread::scope(|scope| {
        let (mut since, mut flusher) = (0, None);
        let mut wrote = |octets| {
            since += octets;
            if since < FLUSHED {
                return;
            }
            since = 0;
            let (tick, _) = flusher.get_or_insert_with(|| {
                let (tick, ticks) = sync_channel(1);
                (
                    tick,
                    scope.spawn(move || {
                        ticks.into_iter().try_for_each(|()| file.sync_data().map(|()| flushed(file)))
                    }),
                )
            });
            // Where it is busy still, or failed, the next one or the end tells.
            let _ = tick.try_send(());
        };
        let done = work(&mut wrote);
        if let Some((tick, flusher)) = flusher {
            drop(tick);
            flusher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(done)
    })
}

/// Lets go of what the disk holds beyond the part of a file that is likely to be read again: memory that a
/// very large file would fill is better used by others. It is advice, so nothing is lost where the system
/// does not take it.
pub(super) fn let_go(file: &File) {
    #[cfg(target_os = "linux")]
    if file.metadata().is_ok_and(|meta| meta.len() > KEPT) {
        let _ = rustix::fs::fadvise(file, KEPT, None, rustix::fs::Advice::DontNeed);
    }
}

/// So many octets of a file may stay in memory; few in tests, so that they see it.
#[cfg(target_os = "linux")]
const KEPT: u64 = if cfg!(test) { 8 << 20 } else { 256 << 20 };

/// So many octets are flushed at a time.
const FLUSHED: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_that_fails_on_the_way_is_told() {
        // What cannot be flushed: a pipe (POSIX fsync, EINVAL).
        let (_reader, writer) = io::pipe().unwrap();
        let pipe = File::from(std::os::fd::OwnedFd::from(writer));
        assert!(flushing(&pipe, let_go, |wrote| wrote(FLUSHED)).is_err());
        assert_eq!(
            flushing(&pipe, let_go, |wrote| wrote(FLUSHED - 1)).ok(),
            Some(()),
            "little is left to the flush at the end"
        );
    }
}
