//! Random faults against real processes: see [`windlass_testkit::torture`].

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use windlass_testkit::torture::{self, Options, Target};

const USAGE: &str = "usage: torture [--store sqlite|postgres] [--seconds N] [--seed N]";

fn main() -> ExitCode {
    // Everything that is written below the temporary folder goes into one of its own, which must
    // be empty at the end.
    let folder = tempfile::Builder::new().prefix("windlass-torture-").tempdir();
    let folder = folder.expect("the temporary folder can be written");
    open_to_all(folder.path());
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var("TMPDIR", folder.path()) };
    let is_clean = play();
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    println!("files left behind: {}", left.len());
    for path in &left {
        println!("        {}", path.display());
    }
    if is_clean && left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The server runs as a user of its own, who must reach its files.
fn open_to_all(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder, permissions).expect("the folder is ours");
}

fn play() -> bool {
    let Some((target, options)) = arguments() else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    println!("seed {}, {} s", options.seed, options.length.as_secs());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    let report = runtime.block_on(torture::run(target, &options));
    println!("{report}");
    report.is_clean()
}

fn arguments() -> Option<(Target, Options)> {
    let (mut store, mut seconds, mut seed) = ("sqlite".to_owned(), 60, fastrand::u64(..));
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next()?;
        match word.as_str() {
            "--store" => store = value,
            "--seconds" => seconds = value.parse().ok()?,
            "--seed" => seed = value.parse().ok()?,
            _ => return None,
        }
    }
    let target = match store.as_str() {
        "sqlite" => Target::sqlite(),
        "postgres" => Target::postgres(),
        _ => return None,
    };
    Some((target, Options { seed, length: Duration::from_secs(seconds), probe: probe() }))
}

/// The worker program lies beside this one.
fn probe() -> PathBuf {
    let own = std::env::current_exe().expect("a program knows where it is");
    own.with_file_name("probe")
}
