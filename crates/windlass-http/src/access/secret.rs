//! Secrets of tokens and sessions: made once, kept as their digest.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use windlass::token::{Grant, Token, TokenDigest};
use windlass::{StoreError, Timestamp};

/// Stands in front of each, so that a secret that has strayed into a log or a repository can be found.
const OF_A_TOKEN: &str = "wlt_";
const OF_A_SESSION: &str = "wls_";
/// Letters of the end that are kept to tell tokens apart.
const HINT: usize = 4;

/// The secret of a token or a session: 256 bits of the operating system's randomness.
#[derive(Clone)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A new one for a token.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new() -> Result<Self, StoreError> {
        Self::after(OF_A_TOKEN)
    }

    /// A new one for a session.
    pub(crate) fn of_session() -> Result<Self, StoreError> {
        Self::after(OF_A_SESSION)
    }

    fn after(prefix: &str) -> Result<Self, StoreError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| StoreError::Backend(error.to_string().into()))?;
        Ok(Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The text that its owner sends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub(crate) fn digest(&self) -> TokenDigest {
        digest(&self.0)
    }

    /// The token that is kept of it.
    #[must_use]
    pub fn token(&self, name: &str, grant: Grant, expires_at: Option<Timestamp>) -> Token {
        let hint = self.0[self.0.len() - HINT..].to_owned();
        Token { name: name.to_owned(), digest: digest(&self.0), hint, grant, expires_at }
    }
}

/// The digest of a secret. One of so many bits needs no salt and no slow function: it cannot be guessed.
pub(super) fn digest(secret: &str) -> TokenDigest {
    TokenDigest::new(Sha256::digest(secret.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use windlass::token::Scope;

    use super::*;

    #[test]
    fn a_secret_is_found_by_its_digest_alone() {
        let (secret, other) = (Secret::new().expect("random"), Secret::new().expect("random"));
        let token = secret.token("ci", Grant::everywhere([Scope::Read]), None);
        assert_eq!(token.digest, digest(secret.as_str()));
        assert_ne!(token.digest, digest(other.as_str()));
        assert!(secret.as_str().ends_with(&token.hint) && secret.as_str().len() == 47);
        let shown = format!("{token:?} {secret:?}");
        assert!(!shown.contains(secret.as_str()) && !shown.contains("wlt_"), "{shown}");
    }
}
