//! Words and pairs of words as numbers: a fixed hash, the same on every machine and in every version.

/// The hash of a word's bytes (FNV-1a, 32 bits, with a final mix so that the low bits are usable).
#[must_use]
pub fn word(bytes: impl IntoIterator<Item = u8>) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in bytes {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    mix(hash)
}

/// The hash of `right` following `left`; not the same the other way round.
#[must_use]
pub fn pair(left: u32, right: u32) -> u32 {
    mix(left.wrapping_mul(0x9e37_79b1).rotate_left(13) ^ right)
}

/// The hash of a word seen in a role, e.g. in the heading instead of the sentence.
#[must_use]
pub fn role(role: u32, word: u32) -> u32 {
    mix(word ^ role.wrapping_mul(0x85eb_ca6b).wrapping_add(0x27d4_eb2f))
}

fn mix(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x7feb_352d);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x846c_a68b);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_never_changes() {
        // Weights are stored by hash: another function would make them worthless.
        assert_eq!(word(*b"agreement"), word("agreement".bytes()));
        assert_eq!(word(*b""), mix(0x811c_9dc5));
        assert_ne!(word(*b"assign"), word(*b"assigns"));
    }

    #[test]
    fn order_and_role_matter() {
        let (a, b) = (word(*b"no"), word(*b"assignment"));
        assert_ne!(pair(a, b), pair(b, a));
        assert_ne!(role(1, a), role(2, a));
    }
}
