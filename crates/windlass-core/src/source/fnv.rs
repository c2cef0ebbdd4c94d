//! FNV-1a of 128 bits: for what is told apart by its contents, and by nobody who means harm. <http://www.isthe.com/chongo/tech/comp/fnv/>

/// The hash of nothing.
pub(super) const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// The hash of what was hashed so far and these bytes.
pub(super) fn digest(hash: u128, bytes: &[u8]) -> u128 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}
