//! `windlass user`: people who may use the HTTP API, and for what.

mod change;
mod list;
mod password;

use windlass::token::{Grant, Scope};
use windlass::user::Role;

use crate::exit::{Exit, Failure};
use crate::globals::Globals;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass user create ana --role admin
  windlass user create ben --role operator --queue mail < password.txt
  windlass user create eve --role viewer --no-password
  windlass user change ben --role viewer
  windlass user change ana --password
  windlass user sign-out ben

A password is asked for twice, or read from a line of the standard input; never an argument, which others could see.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with users.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Add somebody
    Create {
        /// Their name, as they write it when they sign in
        name: String,
        #[command(flatten)]
        may: May,
        /// They have none: a proxy alone says that they are there
        #[arg(long)]
        no_password: bool,
    },
    /// All users, and what they may do
    List,
    /// Give somebody another role or password; they sign in again
    Change {
        /// Their name
        name: String,
        #[command(flatten)]
        may: May,
        /// On all queues and for all kinds from now on; the limits stay unless it or others are given
        #[arg(long, conflicts_with_all = ["queues", "kinds"])]
        everywhere: bool,
        /// Ask for another password
        #[arg(long)]
        password: bool,
    },
    /// End all sessions of somebody
    SignOut {
        /// Their name
        name: String,
    },
    /// Take somebody away; their sessions end at once
    Remove {
        /// Their name
        name: String,
    },
}

/// What somebody may do.
#[derive(Debug, clap::Args)]
struct May {
    /// Scopes that go together: viewer, operator or admin
    #[arg(long, value_name = "ROLE", conflicts_with = "scopes")]
    role: Option<Role>,
    /// What they may do: read, enqueue, publish, work, operate or admin; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<Scope>,
    /// Only on this queue, or those that fit a pattern; may be repeated
    #[arg(long = "queue", value_name = "PATTERN")]
    queues: Vec<String>,
    /// Only for this kind, or those that fit a pattern; may be repeated
    #[arg(long = "kind", value_name = "PATTERN")]
    kinds: Vec<String>,
}

impl May {
    /// What is said beside what there is now, where any of it is said.
    fn beside(self, now: Option<&Grant>) -> Result<Option<Grant>, Failure> {
        let Self { role, scopes, queues, kinds } = self;
        if role.is_none() && scopes.is_empty() && queues.is_empty() && kinds.is_empty() {
            return Ok(None);
        }
        let or = |said: Vec<String>, now: Option<&Vec<String>>| match said.is_empty() {
            true => now.cloned().unwrap_or_default(),
            false => said,
        };
        let said = role.map_or(scopes, |role| role.scopes().to_vec());
        let missing = || Failure::usage("say --role or --scope beside --queue and --kind");
        let scopes = match said.is_empty() {
            true => now.ok_or_else(missing)?.scopes.clone(),
            false => said,
        };
        let queues = or(queues, now.map(|now| &now.queues));
        let kinds = or(kinds, now.map(|now| &now.kinds));
        Ok(Some(Grant { scopes, queues, kinds }))
    }
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::Create { name, may, no_password } => {
            let missing = || Failure::usage("say what they may: --role viewer, operator or admin");
            let grant = may.beside(None)?.ok_or_else(missing)?;
            change::create(globals, name, grant, !no_password).await
        }
        Verb::List => list::run(globals).await,
        Verb::Change { name, may, everywhere, password } => {
            change::change(globals, &name, (may, everywhere), password).await
        }
        Verb::SignOut { name } => change::sign_out(globals, &name).await,
        Verb::Remove { name } => change::remove(globals, &name).await,
    }
}
