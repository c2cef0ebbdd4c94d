//! What stands behind every command: where jobs are kept, and how results are printed.

use crate::output::color::When;
use crate::output::problem::Errors;
use crate::output::{Format, Output, Wanted};

/// What may stand behind every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Where jobs are kept: sqlite:PATH, postgres://user@host/database, or the name of a store in
    /// windlass.toml; sqlite:windlass.db where neither is given
    #[arg(
        long,
        global = true,
        env = "WINDLASS_STORE",
        hide_env_values = true,
        value_name = "STORE"
    )]
    pub(crate) store: Option<String>,
    /// How to print; a table on a terminal, otherwise plain
    #[arg(short, long, global = true, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// Print one JSON document, the same as -o json
    #[arg(long, global = true, conflicts_with = "output")]
    pub(crate) json: bool,
    /// Leave the line with the columns' names out
    #[arg(long, global = true)]
    pub(crate) no_header: bool,
    /// When to use colour; NO_COLOR and CLICOLOR_FORCE are honoured
    #[arg(long, global = true, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: When,
    /// Print help
    #[arg(short, long, global = true, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}

impl GlobalArgs {
    /// The format asked for, if any.
    pub(crate) fn format(&self) -> Option<Format> {
        if self.json { Some(Format::Json) } else { self.output }
    }

    /// How errors are to be shown.
    pub(crate) fn errors(&self) -> Errors {
        if self.format() == Some(Format::Json) {
            Errors::Documents
        } else {
            Errors::Lines(self.color)
        }
    }
}

/// What every command is given besides its own arguments.
#[derive(Debug, Clone)]
pub(crate) struct Globals {
    /// The store's URL, once it is known which.
    pub(crate) store: String,
    /// What was given for it: a URL or a name.
    pub(crate) given: Option<String>,
    /// The store's name, where it is one of several that a file names.
    pub(crate) of_several: Option<String>,
    /// Whether to print one JSON document.
    pub(crate) json: bool,
    /// Where and how results are printed.
    pub(crate) out: Output,
}

impl Globals {
    /// What the options and the environment ask for.
    pub(crate) fn of(args: GlobalArgs) -> Self {
        let wanted = Wanted { format: args.format(), no_header: args.no_header, color: args.color };
        let out = Output::new(&wanted);
        let store = args.store.clone().unwrap_or_default();
        Self { store, given: args.store, of_several: None, json: out.is_json(), out }
    }

    /// The same on another store.
    pub(crate) fn on(&self, store: String) -> Self {
        Self { store, ..self.clone() }
    }

    /// How a store is named to a command, where there are several: with a blank before it.
    pub(crate) fn store_option(&self) -> String {
        self.of_several.as_ref().map_or_else(String::new, |name| format!(" --store {name}"))
    }
}
