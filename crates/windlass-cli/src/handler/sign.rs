//! Signatures after the Standard Webhooks specification: HMAC-SHA256 over `id.timestamp.body`.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret's text begins with, by the specification.
const PREFIX: &str = "whsec_";
/// Fewer bytes than this are refused, by the specification.
const LEAST_BYTES: usize = 24;

/// The keys requests are signed with: one, or two while a secret is being replaced.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Reads a file with one secret, `whsec_` and base64, on each line.
    ///
    /// # Errors
    /// One line that says what is wrong, without the secret.
    pub(crate) fn from_file(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        Self::parse(&text).map_err(|reason| format!("{} {reason}", file.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(key).collect::<Result<Vec<_>, String>>()?;
        if keys.is_empty() { Err("has no secret in it".to_owned()) } else { Ok(Self(keys)) }
    }

    /// The value of `webhook-signature`.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signatures = self.0.iter().map(|key| {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(body);
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

fn key(line: &str) -> Result<Vec<u8>, String> {
    let text =
        line.strip_prefix(PREFIX).ok_or_else(|| {
            format!(
                "has a secret without `{PREFIX}`: {PREFIX} and base64 of at least {LEAST_BYTES} bytes; make one: echo {PREFIX}$(openssl rand -base64 32)"
            )
        })?;
    let key = STANDARD
        .decode(text)
        .map_err(|error| format!("has a secret that is not base64: {error}"))?;
    if key.len() < LEAST_BYTES {
        return Err(format!(
            "has a secret of {} bytes; at least {LEAST_BYTES} are needed",
            key.len()
        ));
    }
    Ok(key)
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn the_published_example_comes_out() {
        let secrets = Secrets::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("a secret");
        let signature =
            secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_wrong_secret_is_told_without_being_shown() {
        for wrong in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", "whsec_c2hvcnQ="] {
            let error = Secrets::parse(wrong).expect_err("refused");
            assert!(!error.contains("c2hvcnQ") && !error.contains("MfKQ"), "{error}");
        }
    }

    #[test]
    fn two_secrets_give_two_signatures() {
        let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\nwhsec_AfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let header = Secrets::parse(text).expect("two secrets").sign("a", 1, b"{}");
        assert_eq!(header.split(' ').filter(|part| part.starts_with("v1,")).count(), 2);
    }
}
