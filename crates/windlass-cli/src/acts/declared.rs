//! What a `windlass.toml` declares when a worker starts: what that has changed is entered as acts of the file.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use windlass::audit::{Act, EntriesWanted, Via};
use windlass::store::{Now, Store};
use windlass::{StoreError, Timestamp};
use windlass_http::audit::{Change, Objects};

use super::{act, anybody};

/// Members that say when something was declared, and not what.
const SAID: [&str; 2] = ["declared", "set_at"];

/// An object that a file declares: what the act is called, and where the object is.
pub(crate) type Object = (&'static str, String);

/// Processes that start within so long of each other start together.
const TOGETHER: Duration = Duration::from_secs(60);

/// Objects as they were before a file is declared.
pub(crate) struct Declaring {
    file: String,
    objects: Objects,
    before: Vec<(Object, Option<Value>)>,
}

impl Declaring {
    /// Looks at what the file declares.
    pub(crate) async fn begin(store: &Arc<dyn Store>, file: &str, declared: Vec<Object>) -> Self {
        let objects = Objects::of(Arc::clone(store));
        let before = look(&objects, &declared).await;
        let before = declared.into_iter().zip(before).collect();
        Self { file: file.to_owned(), objects, before }
    }

    /// Enters what is another now.
    pub(crate) async fn end(self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        let (declared, before): (Vec<Object>, Vec<_>) = self.before.into_iter().unzip();
        let after = look(&self.objects, &declared).await;
        for (((action, target), before), after) in declared.into_iter().zip(before).zip(after) {
            let asked = Some(json!({ "file": self.file }));
            let act = Change { asked, before, after }.of(act(Via::Config, action, target));
            if has_changed(&act) && !is_entered(store, &act).await? {
                store.add_act(&act, Now::Database).await?;
            }
        }
        Ok(())
    }
}

async fn look(objects: &Objects, declared: &[Object]) -> Vec<Option<Value>> {
    let places = declared.iter().filter_map(|(_, target)| target.split_once('/'));
    let found = objects.all(&places.collect::<Vec<_>>(), &anybody()).await;
    found.into_iter().map(without_moments).collect()
}

fn without_moments(mut object: Option<Value>) -> Option<Value> {
    if let Some(Value::Object(members)) = &mut object {
        members.retain(|key, _| !SAID.contains(&key.as_str()));
    }
    object
}

fn has_changed(act: &Act) -> bool {
    let is_something = |json: &Option<windlass::Json>| {
        json.as_ref().is_some_and(|json| !matches!(json.as_str(), "{}" | "null"))
    };
    is_something(&act.before) || is_something(&act.after)
}

/// Processes that start together see the same change: one that was entered a moment ago is not entered again.
async fn is_entered(store: &Arc<dyn Store>, act: &Act) -> Result<bool, StoreError> {
    let target = Some(act.target.clone());
    let last = EntriesWanted { before: None, actor: None, target, limit: 1 };
    let last = store.acts(&last).await?;
    let now = Timestamp::wall_clock();
    Ok(last.first().is_some_and(|last| {
        let is_same = (last.act.via, &last.act.before, &last.act.after);
        is_same == (act.via, &act.before, &act.after) && now.since(last.at) < TOGETHER
    }))
}
