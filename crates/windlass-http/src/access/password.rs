//! Passwords of users: kept as their Argon2id hash, compared off the runtime's threads.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::oneshot;
use windlass::user::PasswordHash;

use crate::limits::{LONGEST_PASSWORD, SHORTEST_PASSWORD};
use crate::problem::{Code, Problem};

/// Bytes of a salt, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;
/// KiB that a hash of somebody else's making may take.
const MOST_KIB: u32 = 128 << 10;
/// Passwords that wait for the thread that hashes: some two seconds of its time.
const WAITING: usize = 64;
/// How long somebody waits who comes when so many do.
const LATER: Duration = Duration::from_secs(2);
/// One thread hashes, one password after the other: a flood of them takes one processor and 19 MiB.
static HASHER: LazyLock<Option<SyncSender<Work>>> = LazyLock::new(hasher);
/// What a password is compared with where there is no user, so that the answer takes as long.
static NOBODY: LazyLock<Option<PasswordHash>> = LazyLock::new(|| hash("nobody has this password"));

/// A password that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is too short or too long.
    #[error("a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} bytes; this one has {0}")]
    Length(usize),
    /// The operating system gave no randomness, or no memory.
    #[error("the password could not be hashed: the system gave no randomness or no memory")]
    System,
}

/// The hash of a new password. It takes tens of milliseconds.
///
/// # Errors
/// When the password is too short or too long, or the system fails.
pub fn hash_password(password: &str) -> Result<PasswordHash, PasswordError> {
    if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&password.len()) {
        return Err(PasswordError::Length(password.len()));
    }
    hash(password).ok_or(PasswordError::System)
}

fn hash(password: &str) -> Option<PasswordHash> {
    let (params, mut salt) = (Params::default(), [0; SALT_BYTES]);
    getrandom::fill(&mut salt).ok()?;
    let made = phc::PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: (&params).try_into().ok()?,
        salt: Some(phc::Salt::new(&salt).ok()?),
        hash: Some(output(&params, &salt, password)?),
    };
    Some(PasswordHash::new(made.to_string()))
}

/// Whether a password has this hash.
fn has(password: &str, kept: &PasswordHash) -> Option<bool> {
    let kept = phc::PasswordHash::new(kept.as_str()).ok()?;
    let is_ours = kept.algorithm == Algorithm::default().ident()
        && kept.version == Some(Version::default().into());
    let (params, salt) = (Params::try_from(&kept).ok()?, kept.salt?);
    // Compared in a time that tells nothing of where they differ.
    (is_ours && params.m_cost() <= MOST_KIB).then(|| output(&params, &salt, password) == kept.hash)
}

fn output(params: &Params, salt: &[u8], password: &str) -> Option<phc::Output> {
    thread_local! {
        /// Kept for the next one: taken and freed each time, some of it stays with the allocator, up to a dozen times.
        static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
    }
    let argon2 = Argon2::new(Algorithm::default(), Version::default(), params.clone());
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    MEMORY
        .with_borrow_mut(|memory| {
            memory.resize(params.block_count(), Block::default());
            argon2.hash_password_into_with_memory(
                password.as_bytes(),
                salt,
                &mut out,
                &mut memory[..],
            )
        })
        .ok()?;
    phc::Output::new(&out).ok()
}

/// The same without keeping anybody waiting.
pub(crate) async fn hashed(
    password: String,
    pointer: &'static str,
) -> Result<PasswordHash, Problem> {
    let made = in_turn(move || hash_password(&password)).await?;
    made.map_err(|error| match error {
        PasswordError::Length(_) => Problem::body(pointer.to_owned(), error.to_string()),
        PasswordError::System => Problem::new(Code::Internal, error.to_string()),
    })
}

/// Whether it is the password with this hash; `false`, and as slow, where there is none.
pub(crate) async fn is_right(
    password: String,
    kept: Option<PasswordHash>,
) -> Result<bool, Problem> {
    in_turn(move || {
        let is_somebody = kept.is_some();
        let compared = kept.or_else(|| NOBODY.clone());
        let fits = compared.and_then(|kept| has(&password, &kept)).unwrap_or(false);
        fits && is_somebody
    })
    .await
}

type Work = Box<dyn FnOnce() + Send>;

fn hasher() -> Option<SyncSender<Work>> {
    let (sender, waiting) = sync_channel::<Work>(WAITING);
    let thread = thread::Builder::new().name("windlass-passwords".to_owned());
    let serve = move || {
        for work in waiting {
            // Who asked hears of it by the end of his channel.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    };
    thread.spawn(serve).ok().map(|_| sender)
}

async fn in_turn<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let failed = || Problem::new(Code::Internal, "the password could not be checked");
    let (done, answer) = oneshot::channel();
    let work = move || {
        if !done.is_closed() {
            // Who went away meanwhile wants no answer.
            let _ = done.send(work());
        }
    };
    match HASHER.as_ref().map(|hasher| hasher.try_send(Box::new(work))) {
        Some(Ok(())) => answer.await.map_err(|_| failed()),
        Some(Err(TrySendError::Full(_))) => {
            let detail = "many passwords are being checked; try again";
            Err(Problem::new(Code::TooManyRequests, detail).retry_after(LATER))
        }
        Some(Err(TrySendError::Disconnected(_))) | None => Err(failed()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let kept = hash_password("correct horse").expect("hashed");
        assert!(kept.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.as_str());
        let again = hash_password("correct horse").expect("hashed");
        assert_ne!(kept, again, "each has a salt of its own");
        for (password, fits) in [("correct horse", true), ("correct horsf", false), ("", false)] {
            let is = is_right(password.to_owned(), Some(kept.clone())).await.expect("checked");
            assert_eq!(is, fits, "{password}");
        }
        let nobody = is_right("nobody has this password".to_owned(), None).await;
        assert!(!nobody.expect("checked"), "what stands for nobody lets nobody in");
        let broken = Some(PasswordHash::new("$argon2id$broken".to_owned()));
        assert!(!is_right(String::new(), broken).await.expect("checked"));
    }

    /// A flood of passwords is refused, one that panics is told, and the next ones are checked.
    #[tokio::test]
    async fn a_flood_is_refused_and_those_after_it_are_checked() {
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let (began, begun) = oneshot::channel();
        let mut held = JoinSet::new();
        held.spawn(in_turn(move || began.send(()).is_ok() && gate.recv().is_ok()));
        begun.await.expect("it is held");
        let mut waiting = Vec::new();
        let refused = loop {
            let (done, answer) = oneshot::channel::<()>();
            let work: Work = Box::new(move || drop(done));
            let Some(hasher) = HASHER.as_ref() else { panic!("no thread") };
            match hasher.try_send(work) {
                Ok(()) => waiting.push(answer),
                Err(_) => break in_turn(|| ()).await.expect_err("it is full"),
            }
        };
        assert_eq!(waiting.len(), WAITING);
        assert_eq!(refused.code(), Code::TooManyRequests);
        go.send(()).expect("it is held");
        let held = held.join_next().await.expect("one").expect("it ran");
        assert!(held.expect("checked"));
        for answer in waiting {
            answer.await.expect_err("it said nothing");
        }
        in_turn(|| panic!("a test")).await.map(|(): ()| ()).expect_err("it is told");
        assert_eq!(in_turn(|| 1).await.expect("checked"), 1);
    }

    /// Bad input: a password of no length, or of one that would keep a processor busy.
    #[test]
    fn a_password_has_a_length() {
        for bytes in [0, SHORTEST_PASSWORD - 1, LONGEST_PASSWORD + 1] {
            let refused = hash_password(&"x".repeat(bytes)).expect_err("refused");
            assert_eq!(refused, PasswordError::Length(bytes));
        }
    }
}
