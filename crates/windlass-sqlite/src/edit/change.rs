//! Change: what is there is read, held against what is expected, and written, in one step of the writer.

use rusqlite::Connection;
use windlass_core::edit::{Edit, Edited, Edition, Expected, Object};
use windlass_core::error::StoreError;
use windlass_core::json::storable_text;
use windlass_core::limit::{LimitSet, SetBy};
use windlass_core::limits::ERROR_BYTES;
use windlass_core::time::Timestamp;

use crate::worker::build;
use crate::{limit, queue, schedule, subscription};

pub(super) fn change(
    connection: &Connection,
    edit: &Edit,
    expected: &Expected,
    now: Timestamp,
) -> Result<Edited, StoreError> {
    let found = edition(connection, edit.object())?;
    if !expected.allows(found.as_ref()) {
        return Ok(Edited::Stale);
    }
    write(connection, edit, now).map(Edited::Done)
}

fn edition(connection: &Connection, of: Object<'_>) -> Result<Option<Edition>, StoreError> {
    Ok(match of {
        Object::Limit(on) => {
            limit::list::rule(connection, on.scope())?.as_ref().map(Edition::of_limit)
        }
        Object::Schedule(name) => {
            schedule::list::schedule(connection, name)?.as_ref().map(Edition::of_schedule)
        }
        Object::Subscription(name) => {
            let all = subscription::list::subscriptions(connection)?.all;
            all.iter().find(|one| one.name == name).map(Edition::of_subscription)
        }
        Object::Queue(name) => {
            let bounds = queue::bound::bounds(connection)?;
            let agings = queue::aging::agings(connection)?;
            let bound = bounds.iter().find(|bound| bound.queue == name);
            Edition::of_queue(bound, agings.iter().find(|aging| aging.queue == name))
        }
        Object::Build(program) => {
            let all = build::required(connection)?;
            all.iter().find(|one| one.minimum.program == program).map(Edition::of_build)
        }
    })
}

/// The plain verb, and what it answers.
fn write(connection: &Connection, edit: &Edit, now: Timestamp) -> Result<bool, StoreError> {
    match edit {
        Edit::SetLimit(limit, note) => {
            let note = note.as_deref().map(|note| storable_text(note, ERROR_BYTES));
            let by = (SetBy::Person, note.as_deref());
            limit::set::set(connection, limit, by, now).map(|set| set == LimitSet::Now)
        }
        Edit::RemoveLimit(on) => limit::set::remove(connection, on),
        Edit::PutSchedule(put) => {
            let written = schedule::put::put(connection, std::slice::from_ref(put), now)?;
            Ok(written == [true])
        }
        Edit::RemoveSchedule(name) => schedule::remove::remove(connection, name, now),
        Edit::PutSubscription(name, definition, start) => {
            subscription::put::put(connection, (name, definition), *start, now)
        }
        Edit::RemoveSubscription(name) => subscription::put::remove(connection, name),
        Edit::Bound(bound) => queue::bound::bound(connection, bound).map(|()| true),
        Edit::Unbound(queue) => queue::bound::unbound(connection, queue),
        Edit::Age(aging) => queue::aging::age(connection, aging).map(|()| true),
        Edit::StopAging(queue) => queue::aging::stop(connection, queue),
        Edit::RequireBuild(minimum) => build::require(connection, minimum, now).map(|()| true),
        Edit::AllowBuilds(program) => build::allow(connection, program),
    }
}
