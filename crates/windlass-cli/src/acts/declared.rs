//! What a `windlass.toml` declares when a worker starts: what that has changed is entered as acts of the file.

use std::sync::Arc;

use serde_json::{Value, json};
use windlass::StoreError;
use windlass::audit::{Act, EntriesWanted, Via};
use windlass::store::{Now, Store};
use windlass_http::audit::Change;

use super::{act, look};

/// Members that say when something was declared, and not what.
const SAID: [&str; 2] = ["declared", "set_at"];

/// An object that a file declares: what the act is called, and where the object is.
pub(crate) type Object = (&'static str, String);

/// Objects as they were before a file is declared.
pub(crate) struct Declaring {
    file: String,
    before: Vec<(Object, Option<Value>)>,
}

impl Declaring {
    /// Looks at what the file declares.
    pub(crate) async fn begin(store: &Arc<dyn Store>, file: &str, objects: Vec<Object>) -> Self {
        let mut before = Vec::with_capacity(objects.len());
        for object in objects {
            let found = without_moments(look(Some(store), &object.1).await);
            before.push((object, found));
        }
        Self { file: file.to_owned(), before }
    }

    /// Enters what is another now.
    pub(crate) async fn end(self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        for ((action, target), before) in self.before {
            let after = without_moments(look(Some(store), &target).await);
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

/// Processes that start together see the same change.
async fn is_entered(store: &Arc<dyn Store>, act: &Act) -> Result<bool, StoreError> {
    let target = Some(act.target.clone());
    let last = EntriesWanted { before: None, actor: None, target, limit: 1 };
    let last = store.acts(&last).await?;
    Ok(last.first().is_some_and(|last| last.act.via == act.via && last.act.after == act.after))
}
