//! `windlass completions`.

use clap_complete::Shell;

use crate::cli;
use crate::command::Globals;
use crate::exit::Exit;

/// What it is asked.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass completions bash > ~/.local/share/bash-completion/completions/windlass
  windlass completions zsh > ~/.zfunc/_windlass
  windlass completions fish > ~/.config/fish/completions/windlass.fish")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, globals: &Globals) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::definition(), "windlass", &mut script);
    globals.out.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
