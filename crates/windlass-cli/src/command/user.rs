//! `windlass user`: people who may use the HTTP API, and for what.

mod change;
mod list;
mod password;

use windlass::token::{Grant, GrantChange, Scope};
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
  windlass user create ada --role viewer --tag tenant:acme
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
        /// On all queues, for all kinds and tags from now on; the limits stay unless it or others are given
        #[arg(long, conflicts_with_all = ["queues", "kinds", "tags"])]
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
    /// Only for jobs that bear this tag, letter by letter, as for a tenant; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
}

impl May {
    /// What is said, and nothing of the rest.
    fn change(self) -> GrantChange {
        let Self { role, scopes, queues, kinds, tags } = self;
        let scopes = role.map_or(scopes, |role| role.scopes().to_vec());
        let [queues, kinds, tags] = [queues, kinds, tags].map(some);
        GrantChange { scopes: some(scopes), queues, kinds, tags }
    }

    /// All of it.
    fn grant(self) -> Result<Grant, Failure> {
        let GrantChange { scopes, queues, kinds, tags } = self.change();
        let missing = || Failure::usage("say what they may: --role viewer, operator or admin");
        let [queues, kinds, tags] = [queues, kinds, tags].map(Option::unwrap_or_default);
        Ok(Grant { scopes: scopes.ok_or_else(missing)?, queues, kinds, tags })
    }
}

fn some<T>(said: Vec<T>) -> Option<Vec<T>> {
    (!said.is_empty()).then_some(said)
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::Create { name, may, no_password } => {
            change::create(globals, name, may.grant()?, !no_password).await
        }
        Verb::List => list::run(globals).await,
        Verb::Change { name, may, everywhere, password } => {
            let mut grant = may.change();
            if everywhere {
                let all = || Some(Vec::new());
                (grant.queues, grant.kinds, grant.tags) = (all(), all(), all());
            }
            change::change(globals, &name, grant, password).await
        }
        Verb::SignOut { name } => change::sign_out(globals, &name).await,
        Verb::Remove { name } => change::remove(globals, &name).await,
    }
}
