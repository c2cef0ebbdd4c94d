//! Change: what is there is held, read, held against what is expected, and written, in one transaction.

use tokio_postgres::types::Type;
use windlass_core::edit::{Edit, Edited, Edition, Expected, Object};
use windlass_core::error::StoreError;
use windlass_core::json::storable_text;
use windlass_core::limit::{LimitSet, SetBy};
use windlass_core::limits::ERROR_BYTES;
use windlass_core::store::Now;

use crate::connection::Bind;
use crate::connection::transaction::{Transaction, Transactions};
use crate::worker::build;
use crate::{limit, queue, schedule, subscription};

const HOLD_LIMIT: &str =
    "select from windlass.limit_rule where scope = $1::int2 and name = $2::text for update";
/// Nobody else writes a limit while there is none that could be held: the check of a table that is small and seldom written.
const LOCK_LIMITS: &str = "lock table windlass.limit_rule in share row exclusive mode";
/// One that is not there is not written either, by what the statement that puts it has seen.
const HOLD_SCHEDULE: &str = "select from windlass.schedule where name = $1::text for update";
/// All who change a subscription have this row first.
const HOLD_SUBSCRIPTIONS: &str = "select from windlass.log for update";
const LOCK_QUEUES: &str =
    "lock table windlass.queue_bound, windlass.queue_age in share row exclusive mode";
const LOCK_BUILDS: &str = "lock table windlass.minimum_build in share row exclusive mode";

pub(super) async fn change(
    transactions: &Transactions,
    edit: &Edit,
    expected: &Expected,
    now: Now,
) -> Result<Edited, StoreError> {
    let mut session = transactions.session().await?;
    let transaction = session.begin().await?;
    if expected.is_of_something() {
        let found = held(&transaction, edit.object()).await?;
        if !expected.allows(found.as_ref()) {
            transaction.roll_back().await?;
            return Ok(Edited::Stale);
        }
    }
    let done = write(&transaction, edit, now).await?;
    transaction.commit().await?;
    Ok(Edited::Done(done))
}

/// The edition that nobody else changes before the transaction ends.
async fn held(
    transaction: &Transaction<'_>,
    of: Object<'_>,
) -> Result<Option<Edition>, StoreError> {
    match of {
        Object::Limit(on) => {
            let (scope, name) = on.scope();
            let binds: [Bind<'_>; 2] = [(&scope, Type::INT2), (&name, Type::TEXT)];
            if transaction.run(HOLD_LIMIT, &binds).await?.is_empty() {
                transaction.run(LOCK_LIMITS, &[]).await?;
            }
        }
        Object::Schedule(name) => {
            transaction.run(HOLD_SCHEDULE, &[(&name, Type::TEXT)]).await?;
        }
        Object::Subscription(_) => drop(transaction.run(HOLD_SUBSCRIPTIONS, &[]).await?),
        Object::Queue(_) => drop(transaction.run(LOCK_QUEUES, &[]).await?),
        Object::Build(_) => drop(transaction.run(LOCK_BUILDS, &[]).await?),
    }
    edition(transaction, of).await
}

async fn edition(
    transaction: &Transaction<'_>,
    of: Object<'_>,
) -> Result<Option<Edition>, StoreError> {
    Ok(match of {
        Object::Limit(on) => {
            let all = limit::list::limits(transaction, Now::Database).await?;
            all.iter().find(|one| one.limit.on == *on).map(Edition::of_limit)
        }
        Object::Schedule(name) => {
            let found = schedule::list::schedule(transaction, name).await?;
            found.as_ref().map(Edition::of_schedule)
        }
        Object::Subscription(name) => {
            let all = subscription::list::subscriptions(transaction).await?.all;
            all.iter().find(|one| one.name == name).map(Edition::of_subscription)
        }
        Object::Queue(name) => {
            let bounds = queue::bound::bounds(transaction).await?;
            let agings = queue::aging::agings(transaction).await?;
            let bound = bounds.iter().find(|bound| bound.queue == name);
            Edition::of_queue(bound, agings.iter().find(|aging| aging.queue == name))
        }
        Object::Build(program) => {
            let all = build::required(transaction).await?;
            all.iter().find(|one| one.minimum.program == program).map(Edition::of_build)
        }
    })
}

/// The plain verb, and what it answers.
async fn write(transaction: &Transaction<'_>, edit: &Edit, now: Now) -> Result<bool, StoreError> {
    match edit {
        Edit::SetLimit(limit, note) => {
            let note = note.as_deref().map(|note| storable_text(note, ERROR_BYTES));
            let by = (SetBy::Person, note.as_deref());
            limit::set::set(transaction, limit, by, now).await.map(|set| set == LimitSet::Now)
        }
        Edit::RemoveLimit(on) => limit::set::remove(transaction, on).await,
        Edit::PutSchedule(put) => {
            let puts = std::slice::from_ref(&**put);
            Ok(schedule::put::put(transaction, puts, now).await? == [true])
        }
        Edit::RemoveSchedule(name) => schedule::remove::remove(transaction, name, now).await,
        Edit::PutSubscription(name, definition, start) => {
            subscription::put::put(transaction, (name, definition), *start, now).await
        }
        Edit::RemoveSubscription(name) => subscription::put::remove(transaction, name).await,
        Edit::Bound(bound) => queue::bound::bound(transaction, bound).await.map(|()| true),
        Edit::Unbound(queue) => queue::bound::unbound(transaction, queue).await,
        Edit::Age(aging) => queue::aging::age(transaction, aging).await.map(|()| true),
        Edit::StopAging(queue) => queue::aging::stop(transaction, queue).await,
        Edit::RequireBuild(minimum) => {
            build::require(transaction, minimum, now).await.map(|()| true)
        }
        Edit::AllowBuilds(program) => build::allow(transaction, program).await,
    }
}
