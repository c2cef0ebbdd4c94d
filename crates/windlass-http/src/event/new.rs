//! An event as it is published: a CloudEvent in JSON, whose `specversion` and most attributes may be left out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use windlass::Json;
use windlass::event::{Extension, NewEvent};

use crate::problem::Problem;
use crate::schema;

/// The attributes of a CloudEvent beside its extensions.
const ATTRIBUTES: [&str; 8] =
    ["specversion", "type", "data", "id", "source", "subject", "time", "datacontenttype"];

/// What is read of it: its data as it was sent, with numbers of any length.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct NewEventBody(BTreeMap<String, Box<RawValue>>);

/// An event to be published: a CloudEvent in JSON. Members of other names are its extensions.
#[derive(ToSchema)]
#[schema(as = NewEvent)]
#[expect(dead_code, reason = "a schema is all that is made of it")]
pub(crate) struct NewEventSchema {
    /// `1.0`, or another one that begins with `1.`.
    specversion: Option<String>,
    /// What has happened, such as `order.paid`; not `windlass.*`.
    #[schema(max_length = 128)]
    r#type: String,
    /// The id that its source gave it: the source publishes it once. Without one each request is another event.
    #[schema(max_length = 1024)]
    id: Option<String>,
    /// Where it comes from, as a URI reference; `/` unless given.
    #[schema(max_length = 1024)]
    source: Option<String>,
    /// What it has happened to, such as `order/42`.
    #[schema(max_length = 1024)]
    subject: Option<String>,
    /// When it happened; now unless given.
    #[schema(value_type = Option<schema::Moment>)]
    time: Option<String>,
    /// `application/json`, or another one of JSON.
    datacontenttype: Option<String>,
    /// What there is to know of it, up to 256 KiB of JSON.
    data: Option<serde_json::Value>,
    /// Its extensions, at most 32: names of up to 20 lower-case letters and digits.
    #[serde(flatten)]
    extensions: BTreeMap<String, schema::Extension>,
}

impl NewEventBody {
    /// The event. `pointer` is where in the body it stands.
    pub(crate) fn event(self, pointer: &str) -> Result<NewEvent, Problem> {
        let fields = Fields { of: self.0, pointer };
        fields.check_form()?;
        let event_type = fields.read::<String>("type")?.ok_or_else(|| {
            Problem::body(pointer.to_owned(), "the type is missing: what has happened")
        })?;
        let mut event = NewEvent::bare(event_type);
        event.given = fields.read("id")?;
        event.subject = fields.read("subject")?;
        if let Some(source) = fields.read("source")? {
            event.source = source;
        }
        let moment: Option<String> = fields.read("time")?;
        let moment = moment.map(|text| text.parse()).transpose();
        event.time = moment.map_err(|error| fields.wrong("time", error))?;
        if let Some(data) = fields.of.get("data") {
            let data = Json::args(data.get());
            event.data = Some(data.map_err(|error| fields.wrong("data", error))?);
        }
        for name in fields.of.keys().filter(|name| !ATTRIBUTES.contains(&name.as_str())) {
            let what = "an extension is a boolean, an integer of 32 bits or a text";
            let value: Option<Extension> =
                fields.read(name).map_err(|_| fields.wrong(name, what))?;
            if let Some(value) = value {
                event.meta.extensions.insert(name.clone(), value);
            }
        }
        event.meta.traceparent = match event.meta.extensions.remove("traceparent") {
            Some(Extension::Text(text)) => Some(text),
            Some(_) => return Err(fields.wrong("traceparent", "expected a text")),
            None => None,
        };
        Ok(event)
    }
}

struct Fields<'a> {
    of: BTreeMap<String, Box<RawValue>>,
    pointer: &'a str,
}

impl Fields<'_> {
    /// What is null is not given.
    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(value) = self.of.get(name) else { return Ok(None) };
        serde_json::from_str(value.get()).map_err(|error| self.wrong(name, error))
    }

    fn wrong(&self, name: &str, what: impl ToString) -> Problem {
        let name = name.replace('~', "~0").replace('/', "~1");
        Problem::body(format!("{}/{name}", self.pointer), what.to_string())
    }

    fn check_form(&self) -> Result<(), Problem> {
        let version: Option<String> = self.read("specversion")?;
        if let Some(version) = version.filter(|version| !version.starts_with("1.")) {
            return Err(self.wrong("specversion", format!("{version:?} is not known here: 1.0 is")));
        }
        let form: Option<String> = self.read("datacontenttype")?;
        if form.is_some_and(|form| !is_json(&form)) {
            return Err(self.wrong("datacontenttype", "only JSON can be kept"));
        }
        match self.of.contains_key("data_base64") {
            true => Err(self.wrong("data_base64", "only JSON can be kept, as `data`")),
            false => Ok(()),
        }
    }
}

fn is_json(form: &str) -> bool {
    let essence = form.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}
