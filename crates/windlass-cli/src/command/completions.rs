//! `windlass completions`.

use clap_complete::Shell;

use crate::exit::Exit;
use crate::globals::Globals;

/// Its arguments.
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

/// Prints the script for this whole command line.
pub(crate) fn run(
    args: &Args,
    mut definition: clap::Command,
    globals: &Globals,
) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition, "windlass", &mut script);
    globals.out.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
