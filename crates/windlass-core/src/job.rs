//! A job: what it is made of, what it can be, and every verb that changes it.

mod cipher;
mod claim;
mod draft;
mod error;
mod error_group;
mod expiry;
mod explain;
mod filter;
mod fingerprint;
mod in_line;
mod kind;
mod lane;
mod line;
mod look;
mod loss;
mod meta;
mod new;
mod record;
mod retry;
mod settle;
mod state;
mod store;
mod tag;
mod traceparent;
mod unique;

pub use cipher::{Cipher, Encrypted, Owner, Undecryptable, is_encrypted};
pub(crate) use cipher::{decrypted, encrypt};
pub use claim::{
    Batch, ClaimRequest, Claimed, Completion, Fence, Fenced, HandlerKey, InHand, Share,
};
pub use draft::{Draft, IntoDraft};
pub use error::{Decided, Decision, JobError};
pub use error_group::{ErrorGroup, ErrorGroups, HOURS};
pub use expiry::{Expires, expired_reason};
pub use explain::{Busy, Explanation, Gate, HeldBack, LimitOf, Next, Passage, Standing, Step};
pub use filter::{Field, Filter, InHandOf, Term, WorkerPattern};
pub use fingerprint::{Fingerprint, ParseFingerprintError};
pub use in_line::{BreakerLook, InLine, LaneFirst, LaneLook, LimitLook, TurnLook};
pub use kind::{Job, Upgrade};
pub use lane::{Lane, WhenDead};
pub(crate) use line::check_key;
pub use line::{Fair, Limited};
pub use look::{Lead, Look, Paused};
pub use loss::{AfterLoss, KindLimits, Loss, attempt_limit, loss_limit};
pub use meta::{Meta, MetaFields};
pub(crate) use new::check_number;
pub use new::{Due, Enqueued, Identity, NewJob};
pub use record::{Attempt, JobHead, JobRecord};
pub use retry::{Backoff, RetryPolicy};
pub use settle::{Settled, Settlement, Verdict};
pub use state::{Outcome, ParseStateError, State, TRANSITIONS, Verb, is_transition};
pub use store::{
    Cancelled, Counts, Duplicate, DuplicateAnswer, Duplicates, JobStore, Moved, Page, Retried,
};
pub use tag::{ParseSubjectError, Subject};
pub(crate) use traceparent::Traceparent;
pub use unique::{OnConflict, Unique, Until};
