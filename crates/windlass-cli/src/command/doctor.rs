//! `windlass doctor`: what is wrong, and what fixes it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use windlass::health::Thresholds;
use windlass::name::check_kind;
use windlass::time::parse_duration;
use windlass_http::health::{Check, CheckStatus as Status, diagnosis, examine};

use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::{Output, time};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass doctor
  windlass doctor --json
  windlass doctor --latency 5m --mute report.nightly

From where on something is a problem also stands in [doctor] of windlass.toml; what is given here goes before it.
Exit 9 where a problem was found; warnings alone end with 0.")]
pub(crate) struct Args {
    /// So long a job may be due before it starts; 15m unless given
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    latency: Option<Duration>,
    /// So many failures in a row make a kind failing; 3 unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    failures: Option<u32>,
    /// So long a job may run whose kind does not say what is expected; 1h unless given
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    running_longer_than: Option<Duration>,
    /// Jobs that died within so long are news; 1h unless given
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    died_within: Option<Duration>,
    /// So many jobs may wait in a lane; 1000 unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    lane_longer_than: Option<u64>,
    /// A kind that is left out, besides those of the file; may be given several times
    #[arg(long, value_name = "KIND", value_parser = kind)]
    mute: Vec<String>,
    /// The configuration with a doctor table; windlass.toml where there is one, unless given
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn some_time(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than nothing".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(error.to_string()),
    }
}

fn kind(name: &str) -> Result<String, String> {
    check_kind(name).map(|()| name.to_owned()).map_err(|error| error.to_string())
}

impl Args {
    /// What the file says, with what is given here before it.
    fn thresholds(self) -> Result<Thresholds, Failure> {
        let mut thresholds = thresholds_of_file(self.config.as_deref())?;
        for kind in self.mute {
            if !thresholds.is_muted(&kind) {
                thresholds.mute.push(kind);
            }
        }
        Ok(Thresholds {
            latency: self.latency.unwrap_or(thresholds.latency),
            failures: self.failures.unwrap_or(thresholds.failures),
            running: self.running_longer_than.unwrap_or(thresholds.running),
            died_within: self.died_within.unwrap_or(thresholds.died_within),
            lane: self.lane_longer_than.unwrap_or(thresholds.lane),
            unserved: thresholds.unserved,
            mute: thresholds.mute,
        })
    }
}

/// What a file says, or windlass.toml where none is named and that is there.
pub(super) fn thresholds_of_file(file: Option<&Path>) -> Result<Thresholds, Failure> {
    let unless_given = Path::new("windlass.toml");
    let file = file.or_else(|| unless_given.exists().then_some(unless_given));
    let said = file.map(Config::thresholds).transpose();
    Ok(said.map_err(|error| Failure::usage(error.to_string()))?.unwrap_or_default())
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let thresholds = args.thresholds()?;
    let checks = match store::existing(&globals.store).await {
        Ok(store) => examine(&*store, &thresholds).await?,
        Err(error) => vec![unopened(&error)?],
    };
    let number = |status| checks.iter().filter(|check| check.status == status).count();
    let (problems, warnings) = (number(Status::Problem), number(Status::Warning));
    let out = &globals.out;
    if out.is_json() {
        let store = windlass::without_password(&globals.store);
        out.json(&diagnosis(Some(&store), &thresholds, &checks))?;
    } else {
        for check in &checks {
            out.print(&lines(out, check))?;
        }
        out.line(&summary(problems, warnings))?;
    }
    Ok(if problems > 0 { Exit::Problem } else { Exit::Done })
}

/// A store that cannot be opened is a finding; a URL that makes no sense is wrong usage.
fn unopened(error: &anyhow::Error) -> anyhow::Result<Check> {
    let check = match Exit::of(error) {
        Exit::Usage => anyhow::bail!(Failure::usage(format!("{error:#}"))),
        Exit::Schema => Check::problem("schema", format!("{error:#}")).fix("windlass migrate"),
        Exit::NotAllowed => Check::problem("rights", format!("{error:#}")),
        _ => Check::problem("database", format!("{error:#}")),
    };
    Ok(check)
}

fn lines(out: &Output, check: &Check) -> String {
    let (glyph, tone) = match check.status {
        Status::Ok => (out.glyphs().good(), Tone::Good),
        Status::Warning => ("!", Tone::Attention),
        Status::Problem => (out.glyphs().bad(), Tone::Bad),
    };
    let mark = out.paint(tone, glyph);
    let mut text = String::new();
    for (place, line) in check.detail.lines().enumerate() {
        text.push_str(&if place == 0 {
            format!("{mark} {:<11} {line}\n", check.check)
        } else {
            format!("{:14}{line}\n", "")
        });
    }
    for fix in check.fix.iter().flat_map(|fixes| fixes.lines()) {
        text.push_str(&format!("{:14}{} {fix}\n", "", out.paint(Tone::Dim, "fix:")));
    }
    text
}

fn summary(problems: usize, warnings: usize) -> String {
    let problems = match problems {
        0 => "no problems".to_owned(),
        n => time::count(n as u64, "problem"),
    };
    match warnings {
        0 => problems,
        n => format!("{problems}, {}", time::count(n as u64, "warning")),
    }
}
