//! What a `windlass.toml` declares when a worker starts: what that has changed is entered as acts of the file.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use windlass::audit::{Act, EntriesWanted, Via};
use windlass::store::{Now, Store};
use windlass::{StoreError, Timestamp};
use windlass_http::audit::{Change, Objects};

use super::{act, object};

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
        let mut before = Vec::with_capacity(declared.len());
        let objects = Objects::of(Arc::clone(store));
        for one in declared {
            let found = without_moments(object(&objects, &one.1).await);
            before.push((one, found));
        }
        Self { file: file.to_owned(), objects, before }
    }

    /// Enters what is another now.
    pub(crate) async fn end(self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        for ((action, target), before) in self.before {
            let after = without_moments(object(&self.objects, &target).await);
            let asked = Some(json!({ "file": self.file }));
            let act = Change { asked, before, after }.of(act(Via::Config, action, target));
            if has_changed(&act) && !is_entered(store, &act).await? {
                store.add_act(&act, Now::Database).await?;
            }
        }
        Ok(())
    }
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
