//! SHAKE256 (FIPS 202), which Ed448 hashes its seed with. Written out because no dependency offers it.

use zeroize::Zeroizing;

/// Octets taken in per permutation: 1600 bits less twice 256.
const RATE: usize = 136;

/// Fills `out` with SHAKE256 of `input`.
pub(super) fn shake256(input: &[u8], out: &mut [u8]) {
    let mut state = Zeroizing::new([0u64; 25]);
    let mut chunks = input.chunks_exact(RATE);
    for chunk in &mut chunks {
        absorb(&mut state, chunk);
        permute(&mut state);
    }
    // Padding of section 6.2: 1111 (the mark of SHAKE), then 10*1.
    let mut last = Zeroizing::new([0u8; RATE]);
    let rest = chunks.remainder();
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x1f;
    last[RATE - 1] |= 0x80;
    absorb(&mut state, last.as_slice());
    for block in out.chunks_mut(RATE) {
        permute(&mut state);
        for (octets, lane) in block.chunks_mut(8).zip(state.iter()) {
            octets.copy_from_slice(&lane.to_le_bytes()[..octets.len()]);
        }
    }
}

fn absorb(state: &mut [u64; 25], block: &[u8]) {
    for (lane, octets) in state.iter_mut().zip(block.chunks_exact(8)) {
        *lane ^= octets.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
    }
}

/// The permutation Keccak-f of 1600 bits, section 3.3.
fn permute(state: &mut [u64; 25]) {
    for constant in ROUND_CONSTANTS {
        // Theta.
        let mut parity = [0u64; 5];
        for (i, lane) in state.iter().enumerate() {
            parity[i % 5] ^= lane;
        }
        for (i, lane) in state.iter_mut().enumerate() {
            *lane ^= parity[(i + 4) % 5] ^ parity[(i + 1) % 5].rotate_left(1);
        }
        // Rho and pi: each lane moves to the place that the next one is taken from.
        let mut moving = state[1];
        for (place, turn) in PLACES.into_iter().zip(TURNS) {
            let next = state[place];
            state[place] = moving.rotate_left(turn);
            moving = next;
        }
        // Chi.
        for row in state.chunks_exact_mut(5) {
            let before = [row[0], row[1], row[2], row[3], row[4]];
            for (i, lane) in row.iter_mut().enumerate() {
                *lane ^= !before[(i + 1) % 5] & before[(i + 2) % 5];
            }
        }
        // Iota.
        state[0] ^= constant;
    }
}

const PLACES: [usize; 24] =
    [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];
const TURNS: [u32; 24] =
    [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::hex;

    #[test]
    fn known_answers() {
        // From OpenSSL: `openssl dgst -shake256 -xoflen 32`.
        let hash = |input: &[u8]| {
            let mut out = [0; 32];
            shake256(input, &mut out);
            hex(&out)
        };
        assert_eq!(hash(b""), "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f");
        assert_eq!(hash(b"abc"), "483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739");
        assert_eq!(hash(&[b'a'; 136]), "8fcc5a08f0a1f6827c9cf64ee8d16e0443106359ca6c8efd230759256f44996a");
        assert_eq!(hash(&[b'a'; 300]), "542e4338ca18e43776834307a2b6158f70c14f22400081b2dc345cc54a6298cd");
    }
}
