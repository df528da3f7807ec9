//! Hexadecimal digits to bytes, many at a time.

/// Which bytes are digits, and their values.
const VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut i = 0;
    while i < 16 {
        values[b"0123456789abcdef"[i] as usize] = i as u8;
        values[b"0123456789ABCDEF"[i] as usize] = i as u8;
        i += 1;
    }
    values
};

/// Digits that are looked at together.
const BLOCK: usize = 64;

/// The value of a digit; 255 for what is none.
pub(super) const fn value(digit: u8) -> u8 {
    VALUES[digit as usize]
}

/// The byte that two digits stand for.
pub(super) const fn pair([high, low]: [u8; 2]) -> Option<u8> {
    let (high, low) = (value(high), value(low));
    if high < 16 && low < 16 { Some(high << 4 | low) } else { None }
}

/// With how many digits a text begins.
pub(super) fn leading(text: &[u8]) -> usize {
    // Without a branch for each byte, so that the compiler takes many at a time.
    let is_digit = |b: u8| b.wrapping_sub(b'0') < 10 || (b | 0x20).wrapping_sub(b'a') < 6;
    let (blocks, _) = text.as_chunks::<BLOCK>();
    let whole =
        blocks.iter().take_while(|block| block.iter().fold(true, |all, b| all & is_digit(*b))).count()
            * BLOCK;
    whole + text[whole..].iter().position(|b| !is_digit(*b)).unwrap_or(text.len() - whole)
}

/// Makes bytes of the digits `digits[from..from + length]`, in place. **All of them must be digits**; one
/// over is left out.
pub(super) fn decode(digits: &mut Vec<u8>, from: usize, length: usize) {
    let mut done = 0;
    while done < length / 2 {
        let some = (length / 2 - done).min(BLOCK / 2);
        let bytes = decoded(&digits[from + 2 * done..][..2 * some]);
        digits[done..done + some].copy_from_slice(&bytes[..some]);
        done += some;
    }
    digits.truncate(length / 2);
}

/// Adds the bytes that digits stand for. **All of them must be digits.**
pub(super) fn append(digits: &[u8], bytes: &mut Vec<u8>) {
    digits.chunks(BLOCK).for_each(|some| bytes.extend_from_slice(&decoded(some)[..some.len() / 2]));
}

/// The bytes that up to so many digits stand for.
fn decoded(digits: &[u8]) -> [u8; BLOCK / 2] {
    let mut block = [0; BLOCK];
    block[..digits.len()].copy_from_slice(digits);
    // A letter has bit 6 and counts from 1.
    block.iter_mut().for_each(|b| *b = (*b & 0x0f) + (*b >> 6) * 9);
    let (pairs, _) = block.as_chunks::<2>();
    let mut bytes = [0; BLOCK / 2];
    bytes.iter_mut().zip(pairs).for_each(|(byte, [high, low])| *byte = high << 4 | low);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_and_decoded_whatever_their_number() {
        let bytes: Vec<u8> = (0..=255).cycle().take(700).collect();
        let text: String = bytes
            .iter()
            .enumerate()
            .map(|(i, b)| if i % 3 == 0 { format!("{b:02X}") } else { format!("{b:02x}") })
            .collect();
        for length in [0, 1, 2, 62, 63, 64, 65, 127, 128, 130, 700, 1400] {
            for (before, behind) in
                [("", ""), ("0x", "g"), ("x", "/"), ("0x", ":"), ("", "@"), ("", "`"), ("", "G")]
            {
                let mut digits = format!("{before}{}{behind}", &text[..length]).into_bytes();
                assert_eq!(leading(&digits[before.len()..]), length);
                decode(&mut digits, before.len(), length);
                assert_eq!(digits, bytes[..length / 2], "{length} {before} {behind}");
                let mut added = vec![7];
                append(&text.as_bytes()[..length], &mut added);
                assert_eq!(added[1..], bytes[..length / 2]);
            }
        }
        assert_eq!(
            (pair(*b"fF"), pair(*b"0g"), pair(*b"g0"), pair(*b"a9")),
            (Some(255), None, None, Some(0xa9))
        );
    }
}
