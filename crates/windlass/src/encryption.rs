//! Args that are encrypted in the database: [`Keys`], for [`Client::encrypting`](crate::Client::encrypting) and
//! [`Worker::encrypting`](crate::Worker::encrypting).
//!
//! AES-256-GCM under a key of each text's own: HMAC-SHA256 of the key over a salt, as in NIST SP 800-108, since one key of
//! AES-GCM must not see more than 2³² random nonces (NIST SP 800-38D, 8.3). A text's Base64 is 16 bytes of salt, 12 of nonce, the
//! encrypted text and 16 bytes of tag.

mod key;
mod keys;

pub use keys::{KeyError, Keys};
pub use windlass_core::job::{Cipher, Encrypted, Owner, Undecryptable, is_encrypted};
