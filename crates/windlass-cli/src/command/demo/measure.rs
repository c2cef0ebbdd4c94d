//! What the demo computes. Pure functions: the workers call them, and the proof calls them again.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Different words kept of one part.
const WORDS_KEPT: usize = 300;
/// Codes of the dictionary coder; with more it would begin again.
const CODES: usize = 1 << 16;

/// `file.hash`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hashed {
    pub(super) bytes: usize,
    pub(super) sha256: String,
}

/// `file.words`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counted {
    pub(super) words: u64,
    pub(super) often: BTreeMap<String, u64>,
}

/// `text.squeeze`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Squeezed {
    pub(super) bytes: usize,
    pub(super) squeezed: usize,
}

pub(super) fn hash(bytes: &[u8]) -> Hashed {
    let digest = Sha256::digest(bytes);
    Hashed { bytes: bytes.len(), sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect() }
}

pub(super) fn count(bytes: &[u8]) -> Counted {
    let text = String::from_utf8_lossy(bytes);
    let mut often: BTreeMap<String, u64> = BTreeMap::new();
    let mut words = 0;
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        words += 1;
        *often.entry(word.to_lowercase()).or_default() += 1;
    }
    if often.len() > WORDS_KEPT {
        let kept =
            most(&often, WORDS_KEPT).into_iter().map(|(word, times)| (word.to_owned(), times));
        often = kept.collect();
    }
    Counted { words, often }
}

/// The words that occur most, ties by the alphabet.
pub(super) fn most(often: &BTreeMap<String, u64>, limit: usize) -> Vec<(&str, u64)> {
    let mut all: Vec<(&str, u64)> =
        often.iter().map(|(word, times)| (word.as_str(), *times)).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    all.truncate(limit);
    all
}

/// The size after a dictionary coder (LZW with codes that grow by the bit).
pub(super) fn squeeze(bytes: &[u8]) -> Squeezed {
    let bits: u64 = codes(bytes).iter().enumerate().map(|(nth, _)| u64::from(width(nth))).sum();
    let squeezed = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
    Squeezed { bytes: bytes.len(), squeezed }
}

/// Bits of the nth code: enough for the dictionary as it is then.
fn width(nth: usize) -> u32 {
    (256 + nth).min(CODES).next_power_of_two().trailing_zeros()
}

/// The codes of a text; those from 256 on stand for a known run and one byte.
pub(super) fn codes(bytes: &[u8]) -> Vec<u32> {
    let mut known: HashMap<(u32, u8), u32> = HashMap::new();
    let mut codes = Vec::new();
    let mut run: Option<u32> = None;
    for byte in bytes.iter().copied() {
        let Some(code) = run else {
            run = Some(u32::from(byte));
            continue;
        };
        if let Some(longer) = known.get(&(code, byte)) {
            run = Some(*longer);
            continue;
        }
        codes.push(code);
        if known.len() + 256 < CODES {
            let next = u32::try_from(known.len() + 256).unwrap_or(u32::MAX);
            known.insert((code, byte), next);
        }
        run = Some(u32::from(byte));
    }
    codes.extend(run);
    codes
}

/// The text that such codes stand for; `None` where they stand for none.
pub(super) fn text_of(codes: &[u32]) -> Option<Vec<u8>> {
    let mut runs: Vec<Vec<u8>> = (0..=255u8).map(|byte| vec![byte]).collect();
    let mut text = Vec::new();
    let mut before: Option<Vec<u8>> = None;
    for code in codes {
        let at = usize::try_from(*code).ok()?;
        let run = match (runs.get(at), &before) {
            (Some(run), _) => run.clone(),
            // A code may be used in the very step that makes it.
            (None, Some(before)) if at == runs.len() => [before.as_slice(), &before[..1]].concat(),
            (None, _) => return None,
        };
        text.extend_from_slice(&run);
        if let Some(before) = before.filter(|_| runs.len() < CODES) {
            runs.push([before.as_slice(), &run[..1]].concat());
        }
        before = Some(run);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squeezed_text_comes_back() {
        let every: Vec<u8> = (0..=255).cycle().take(200_000).collect();
        for text in [&b""[..], b"a", b"aaaaaaaaaaaaaaaaaa", b"the cat, the hat, the cat", &every] {
            assert_eq!(text_of(&codes(text)).as_deref(), Some(text));
        }
        assert!(squeeze(&b"abc".repeat(500)).squeezed < 500);
        assert_eq!(text_of(&[999]), None);
    }

    #[test]
    fn words_are_counted_without_regard_to_case() {
        let counted = count(b"The cat -- the HAT");
        assert_eq!(counted.words, 4);
        assert_eq!(most(&counted.often, 1), [("the", 2)]);
    }

    #[test]
    fn the_hash_is_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash(b"").sha256, empty);
    }
}
