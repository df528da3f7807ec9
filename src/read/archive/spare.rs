//! Buffers and decoders that are used again from one archive to the next.

use zeroize::Zeroize as _;

use super::inflate;

/// Buffers and decoders that are used again. They held what was in the archives: wiped when dropped, and
/// before that where keys were.
#[derive(Default)]
pub(in crate::read) struct Spare {
    buffers: Vec<Vec<u8>>,
    states: Vec<inflate::State>,
}

impl Spare {
    pub(in crate::read) fn buffer(&mut self) -> Vec<u8> {
        let mut buffer = self.buffers.pop().unwrap_or_default();
        buffer.clear();
        buffer
    }

    pub(in crate::read) fn put_buffer(&mut self, buffer: Vec<u8>) {
        self.buffers.push(buffer);
    }

    pub(super) fn state(&mut self) -> inflate::State {
        self.states.pop().unwrap_or_else(inflate::State::new)
    }

    pub(super) fn put_state(&mut self, mut state: inflate::State) {
        state.decoder.reset();
        state.input.fill(0);
        self.states.push(state);
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        self.buffers.iter_mut().for_each(|buffer| buffer.zeroize());
    }
}
