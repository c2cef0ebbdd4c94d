//! The keys of a program: one writes, all read.

use std::env::VarError;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use windlass_core::job::{Cipher, Encrypted, Owner, Undecryptable};
use windlass_core::name::matches;
use zeroize::Zeroizing;

use super::key::{BYTES, Key};

/// How long the name of a key may be.
const NAME_BYTES: usize = 32;

/// The keys that args are encrypted with: the first writes, all read. Their text is `NAME:BASE64`, with commas or blanks between
/// them, of 32 random bytes each; `windlass key new` makes one.
///
/// ```
/// use windlass::encryption::Keys;
///
/// let old = Keys::generate("2026-11")?;
/// let new = Keys::generate("2026-12")?;
/// // The new key writes, and what the old one has encrypted can be read.
/// let keys = Keys::parse(&format!("{new},{old}"))?.only(["customer.*"]);
/// # drop(keys);
/// # Ok::<(), windlass::encryption::KeyError>(())
/// ```
///
/// Unique keys get a stand-in that is made with the key whose name comes first in the alphabet, so that their order does not matter:
/// name keys by the time they are made. While that key is taken away, two jobs may hold what was one unique key.
pub struct Keys {
    keys: Vec<Key>,
    kinds: Vec<String>,
}

/// Why keys cannot be used. It never has a key in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is none.
    #[error("there is no key: expected NAME:BASE64, as `windlass key new` makes one")]
    None,
    /// The variable that is to have them is not set.
    #[error("{variable} is not set: it has the keys that args are encrypted with")]
    NotSet {
        /// The variable.
        variable: String,
    },
    /// What the variable has is not a text.
    #[error("{variable} is not UTF-8: it has the keys that args are encrypted with")]
    NotText {
        /// The variable.
        variable: String,
    },
    /// One without a name.
    #[error("key {nth} has no name: expected NAME:BASE64, as `windlass key new` makes one")]
    NoName {
        /// Which, from 1.
        nth: usize,
    },
    /// A name that cannot be used.
    #[error(
        "the name of key {nth} has 1 to {NAME_BYTES} letters, digits, dots, dashes and underscores"
    )]
    Name {
        /// Which, from 1.
        nth: usize,
    },
    /// One that is not a key.
    #[error("the key {name} is not 32 bytes in Base64, as `windlass key new` makes one")]
    Secret {
        /// Its name.
        name: String,
    },
    /// Two of one name.
    #[error("there are two keys named {name}: each has a name of its own")]
    Twice {
        /// The name.
        name: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandom,
}

impl Keys {
    /// Reads keys from their text.
    ///
    /// # Errors
    /// What is wrong with which.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let words = text.split(|sign: char| sign == ',' || sign.is_whitespace());
        let words = words.filter(|word| !word.is_empty());
        let keys = words.zip(1..).map(|(word, nth)| read(word, nth));
        let keys: Vec<Key> = keys.collect::<Result<_, _>>()?;
        let is_twice =
            |(at, key): &(usize, &Key)| keys[..*at].iter().any(|one| one.name == key.name);
        if let Some((_, key)) = keys.iter().enumerate().find(is_twice) {
            return Err(KeyError::Twice { name: key.name.clone() });
        }
        if keys.is_empty() {
            return Err(KeyError::None);
        }
        Ok(Self { keys, kinds: Vec::new() })
    }

    /// Reads keys from a variable of the environment.
    ///
    /// # Errors
    /// As [`Keys::parse`], and where it is not set.
    pub fn from_env(variable: &str) -> Result<Self, KeyError> {
        let variable = || variable.to_owned();
        let text = std::env::var(variable()).map(Zeroizing::new).map_err(|error| match error {
            VarError::NotPresent => KeyError::NotSet { variable: variable() },
            VarError::NotUnicode(_) => KeyError::NotText { variable: variable() },
        });
        Self::parse(&text?)
    }

    /// The text of a new key.
    ///
    /// # Errors
    /// [`KeyError::Name`] for a name that cannot be used, and where the system gives no random bytes.
    pub fn generate(name: &str) -> Result<String, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name { nth: 1 });
        }
        let mut secret = Zeroizing::new([0; BYTES]);
        getrandom::fill(&mut secret[..]).map_err(|_| KeyError::NoRandom)?;
        Ok(format!("{name}:{}", BASE64_STANDARD.encode(&secret[..])))
    }

    /// Encrypts jobs of these kinds alone, where `*` stands for any part of a name. What is encrypted is decrypted whatever its kind.
    #[must_use]
    pub fn only(mut self, kinds: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.kinds = kinds.into_iter().map(Into::into).collect();
        self
    }

    /// The names of the keys, the one that writes first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.name.as_str())
    }
}

impl Cipher for Keys {
    fn covers(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|pattern| matches(pattern, kind))
    }

    fn encrypt(&self, text: &str, owner: &Owner<'_>) -> Result<Encrypted, String> {
        let key = self.keys.first().ok_or("there is no key")?;
        let text = key.encrypt(text, owner).ok_or("the system gives no random bytes")?;
        Ok(Encrypted { key: key.name.clone(), text, of_kind: owner.job.is_none() })
    }

    fn decrypt(&self, encrypted: &Encrypted, owner: &Owner<'_>) -> Result<String, Undecryptable> {
        let name = || encrypted.key.clone();
        let key = self.keys.iter().find(|key| key.name == encrypted.key);
        let key = key.ok_or_else(|| Undecryptable::NoKey { key: name() })?;
        key.decrypt(&encrypted.text, owner).ok_or_else(|| Undecryptable::Broken { key: name() })
    }

    fn stand_in(&self, kind: &str, name: &str) -> String {
        // Whatever their order is: while keys are changed, programs have them in different ones.
        let first = self.keys.iter().min_by(|one, other| one.name.cmp(&other.name));
        first.map(|key| key.stand_in(kind, name)).unwrap_or_default()
    }
}

fn read(word: &str, nth: usize) -> Result<Key, KeyError> {
    let (name, secret) = word.split_once(':').ok_or(KeyError::NoName { nth })?;
    if !is_name(name) {
        return Err(KeyError::Name { nth });
    }
    let wrong = || KeyError::Secret { name: name.to_owned() };
    let bytes = BASE64_STANDARD.decode(secret).map(Zeroizing::new).map_err(|_| wrong())?;
    Key::of(name, &bytes).ok_or_else(wrong)
}

fn is_name(name: &str) -> bool {
    let is_good = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '_');
    (1..=NAME_BYTES).contains(&name.len()) && name.chars().all(is_good)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.names().collect();
        f.debug_struct("Keys").field("names", &names).field("kinds", &self.kinds).finish()
    }
}
