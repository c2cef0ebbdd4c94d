//! `windlass publish`: one event, or many from stdin.

mod lines;
mod tried;

use std::io;

use windlass::event::{Extension, NewEvent};
use windlass::{Client, EventId, Subject, Timestamp};
use windlass_http::event::{Fate, published};

use super::enqueue::parent;
use super::enqueue::{origin, payload};
use super::explain;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::document::Document;
use crate::output::time;
use crate::store;
use crate::stores;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass publish order.paid '{\"order\":42}' --subject order/42 --source /shop
  windlass publish order.paid order=42 --id 42-paid --about customer=7
  windlass publish report.ready @report.json --extension partitionkey=eu
  generate | windlass publish -

A line of stdin is a whole event: {\"type\":\"order.paid\",\"data\":{\"order\":42},\"id\":\"42-paid\",\"source\":\"/shop\"}, with
subject, time, extensions, subjects and version where it has them; or a CloudEvent, which has its specversion. Each 1 000
lines are one transaction. With ids of their source's the same lines can be sent again: each event is published once.")]
pub(crate) struct Args {
    /// What has happened; - for whole events from stdin, one on each line
    #[arg(value_name = "TYPE")]
    event_type: String,
    /// JSON, @FILE, - for stdin, or key=value…: what there is to know of it
    data: Vec<String>,
    /// The id that its source gave it: published again with the same, it is there already
    #[arg(long)]
    id: Option<String>,
    /// Where it comes from, as a URI reference; / unless given
    #[arg(long, value_name = "URI")]
    source: Option<String>,
    /// What it has happened to, such as order/42
    #[arg(long)]
    subject: Option<String>,
    /// When it happened, RFC 3339; now unless given
    #[arg(long)]
    time: Option<Timestamp>,
    /// An extension attribute of CloudEvents; may be given several times
    #[arg(long = "extension", value_name = "NAME=VALUE", value_parser = extension)]
    extensions: Vec<(String, Extension)>,
    /// What it is about, and is found by, such as customer=42; may be given several times
    #[arg(long, value_name = "TYPE=ID")]
    about: Vec<Subject>,
    /// Say who would get it, and write nothing; of events from stdin how many each would get
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let parent = parent::of_program()?;
    if args.event_type == "-" {
        check_alone(&args)?;
        // Lines are published in transactions of many, and no transaction crosses stores.
        let globals = &stores::one(globals.clone())?;
        if args.dry_run {
            let client = Client::new(store::existing(&globals.store).await?);
            tried::lines(&client, io::stdin()).await?.tell(&globals.out)?;
            return Ok(Exit::Done);
        }
        let client = parent::of(client(globals).await?, parent);
        let sent = lines::publish(&client, io::stdin()).await?;
        return told_all(&sent, &globals.out);
    }
    let is_dry = args.dry_run;
    let event = event(args)?;
    let globals = &stores::of_event(globals, &event)?;
    // Checked before the store is touched, so that a refused event does not even create it.
    event
        .check_from_outside()
        .map_err(|refusal| Failure::usage(format!("{refusal}; nothing was written")))?;
    if is_dry {
        let client = parent::of(Client::new(store::existing(&globals.store).await?), parent);
        let explained = client.explain_unpublished(event).await?;
        explain::event::tell(&globals.out, explained, explain::event::Tried::Dry)?;
        return Ok(Exit::Done);
    }
    let client = parent::of(client(globals).await?, parent);
    let answer = client.publish(event.clone()).await?;
    let fate = Fate::of(answer, &client);
    told(&event, (answer.id(), fate), globals)
}

/// What is given beside `-` would be of no event.
fn check_alone(args: &Args) -> Result<(), Failure> {
    let is_alone = args.data.is_empty()
        && args.extensions.is_empty()
        && args.about.is_empty()
        && [&args.id, &args.source, &args.subject].into_iter().all(Option::is_none)
        && args.time.is_none();
    let what =
        "- reads whole events from stdin: leave the data and the options out, or give a type";
    if is_alone { Ok(()) } else { Err(Failure::usage(what)) }
}

async fn client(globals: &Globals) -> anyhow::Result<Client> {
    let store = store::created_and_told(globals).await?;
    Ok(Client::new(store).with_origin(origin("windlass publish")))
}

fn event(args: Args) -> anyhow::Result<NewEvent> {
    let mut event = NewEvent::bare(args.event_type);
    if !args.data.is_empty() {
        event.data = Some(payload::read(&args.data)?);
    }
    event.given = args.id;
    event.subject = args.subject;
    event.time = args.time;
    event.meta.subjects = args.about;
    event.meta.extensions = args.extensions.into_iter().collect();
    Ok(match args.source {
        Some(source) => event.source(source),
        None => event,
    })
}

/// `name=value`, where a value that is a JSON boolean, integer or string is that, and anything else a text.
fn extension(text: &str) -> Result<(String, Extension), String> {
    let (name, value) = text.split_once('=').ok_or("expected name=value")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Extension::from(value));
    Ok((name.to_owned(), value))
}

fn told(event: &NewEvent, (id, fate): (EventId, Fate), globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let answer = fate.word();
    if out.is_json() {
        out.json(&published(event, (id, fate)))?;
        return Ok(Exit::Done);
    }
    let id = id.to_string();
    if out.is_plain() {
        out.line(&[id.as_str(), &event.event_type, &event.source, answer].join("\t"))?;
        return Ok(Exit::Done);
    }
    let strong = out.paint(Tone::Strong, &id);
    let said = match fate {
        Fate::New => format!("{} from {}", event.event_type, event.source),
        Fate::Existing => "was published with this id before; nothing was written".to_owned(),
        Fate::Discarded => {
            out.line(&format!("{strong}  discarded: the store discard: keeps nothing"))?;
            return Ok(Exit::Done);
        }
    };
    out.done(
        &format!("{strong}  {said}"),
        &format!("see it: windlass event show {id}{}", globals.store_option()),
    )?;
    Ok(Exit::Done)
}

fn told_all(sent: &lines::Sent, out: &Output) -> anyhow::Result<Exit> {
    if out.is_json() {
        out.json(&Document::new("published_lines.v1", sent))?;
        return Ok(Exit::Done);
    }
    if sent.discarded > 0 {
        let what = time::count(sent.discarded, "event");
        out.line(&format!("{what} discarded: the store discard: keeps nothing"))?;
        return Ok(Exit::Done);
    }
    let before = match sent.existing {
        0 => String::new(),
        existing => format!("; {} there before", time::count(existing, "event")),
    };
    out.line(&format!("{} published{before}", time::count(sent.new, "event")))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_a_boolean_an_integer_or_a_text() {
        let value = |text| extension(text).map(|(_, value)| value);
        assert_eq!(value("a=true"), Ok(Extension::Bool(true)));
        assert_eq!(value("a=-7"), Ok(Extension::Integer(-7)));
        assert_eq!(value("a=\"7\""), Ok(Extension::from("7")));
        assert_eq!(value("a=eu=1"), Ok(Extension::from("eu=1")));
        assert_eq!(value("a=2147483648"), Ok(Extension::from("2147483648")));
        assert!(value("a").is_err());
    }
}
