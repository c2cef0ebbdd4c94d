//! One key: what it makes of a text, and of a name.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use windlass_core::job::Owner;
use zeroize::Zeroizing;

/// Bytes of a key.
pub(super) const BYTES: usize = 32;
const BLOCK: usize = 64;
const SALT: usize = 16;
const NONCE: usize = 12;
/// What its parts are made for, so that none is used for two things.
const FOR_TEXTS: &[u8] = b"windlass.args.1";
const FOR_NAMES: &[u8] = b"windlass.names.1";

/// A secret and its name.
pub(super) struct Key {
    pub(super) name: String,
    /// Filled with zeros to a block of SHA-256, as HMAC does it.
    secret: Zeroizing<[u8; BLOCK]>,
}

impl Key {
    /// A key of these bytes; `None` where they are too many or too few.
    pub(super) fn of(name: &str, bytes: &[u8]) -> Option<Self> {
        let mut secret = Zeroizing::new([0; BLOCK]);
        secret[..BYTES].copy_from_slice(Some(bytes).filter(|bytes| bytes.len() == BYTES)?);
        Some(Self { name: name.to_owned(), secret })
    }

    /// Salt, nonce, encrypted text and tag, in Base64; `None` where the system gives no random bytes.
    pub(super) fn encrypt(&self, text: &str, owner: &Owner<'_>) -> Option<String> {
        let mut sealed = [0; SALT + NONCE];
        getrandom::fill(&mut sealed).ok()?;
        let (salt, nonce) = sealed.split_at(SALT);
        let nonce = Nonce::try_from(nonce).ok()?;
        let payload = Payload { msg: text.as_bytes(), aad: &associated(owner) };
        let encrypted = self.cipher(salt).encrypt(&nonce, payload).ok()?;
        Some(BASE64_STANDARD.encode([&sealed[..], &encrypted].concat()))
    }

    /// The text; `None` where this is not what the key has encrypted for this owner.
    pub(super) fn decrypt(&self, text: &str, owner: &Owner<'_>) -> Option<String> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        let (salt, rest) = bytes.split_at_checked(SALT)?;
        let (nonce, encrypted) = rest.split_at_checked(NONCE)?;
        let nonce = Nonce::try_from(nonce).ok()?;
        let payload = Payload { msg: encrypted, aad: &associated(owner) };
        String::from_utf8(self.cipher(salt).decrypt(&nonce, payload).ok()?).ok()
    }

    /// The first 18 bytes of an HMAC of the name, in Base64.
    pub(super) fn stand_in(&self, kind: &str, name: &str) -> String {
        let mac = self.mac(&[FOR_NAMES, b"\0", kind.as_bytes(), b"\0", name.as_bytes()]);
        BASE64_STANDARD.encode(&mac[..18])
    }

    /// The key of one text.
    fn cipher(&self, salt: &[u8]) -> Aes256Gcm {
        let own = self.mac(&[FOR_TEXTS, b"\0", salt]);
        Aes256Gcm::new((&*own).into())
    }

    fn mac(&self, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new((&*self.secret).into());
        parts.iter().for_each(|part| mac.update(part));
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

/// What must be the same when a text is decrypted: the kind, and the job where it belongs to one.
fn associated(owner: &Owner<'_>) -> Vec<u8> {
    let job = owner.job.map(|job| job.as_uuid().to_string()).unwrap_or_default();
    [owner.kind.as_bytes(), b"\0", job.as_bytes()].concat()
}
