//! From the command line to its command.

use crate::acts::{Asked, Doing};
use crate::cli::{self, Cli, Command, FIRST_STEPS};
use crate::command::{
    alert, audit, backup, batch, bench, bundle, completions, condition, conformance, demo, dev,
    docs, doctor, enqueue, error, event, explain, export, import, job, key, kind, lane, limit,
    migrate, move_store, op, publish, queue, restore, schedule, serve, signal, source, sql, stats,
    status, subscription, tail, token, top, trace, user, work, worker, workflow,
};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::stores;

/// Runs a command; the exit code says how it ended.
pub(crate) async fn run(cli: Cli, asked: Option<Asked>) -> anyhow::Result<Exit> {
    let globals = Globals::of(cli.globals);
    let Some(command) = cli.command else {
        globals.out.print(FIRST_STEPS)?;
        return Ok(Exit::Done);
    };
    let globals = if finds_its_stores(&command) { globals } else { stores::one(globals)? };
    let Some(asked) = asked else { return dispatch(command, &globals).await };
    let doing = Doing::begin(asked, &globals).await;
    let exit = dispatch(command, &globals).await?;
    doing.end(exit, &globals).await;
    Ok(exit)
}

/// Whether a command finds out by itself which stores it is for, or needs none.
const fn finds_its_stores(command: &Command) -> bool {
    matches!(
        command,
        Command::Enqueue(_)
            | Command::Publish(_)
            | Command::Work(_)
            | Command::Serve(_)
            | Command::Demo(_)
            | Command::Docs(_)
            | Command::Conformance(_)
            | Command::Completions(_)
    )
}

async fn dispatch(command: Command, globals: &Globals) -> anyhow::Result<Exit> {
    match command {
        Command::Demo(args) => demo::run(args, globals).await,
        Command::Enqueue(args) => enqueue::run(*args, globals).await,
        Command::Dev(args) => dev::run(args, globals).await,
        Command::Work(args) => work::run(args, globals).await,
        Command::Status(args) => status::run(args, globals).await,
        Command::Stats(args) => stats::run(args, globals).await,
        Command::Top(args) => top::run(args, globals).await,
        Command::Explain(args) => explain::run(args, globals).await,
        Command::Tail(args) => tail::run(args, globals).await,
        Command::Trace(args) => trace::run(args, globals).await,
        Command::Job(args) => job::run(args, globals).await,
        Command::Queue(args) => queue::run(args, globals).await,
        Command::Schedule(args) => schedule::run(args, globals).await,
        Command::Kind(args) => kind::run(args, globals).await,
        Command::Limit(args) => limit::run(args, globals).await,
        Command::Batch(args) => batch::run(args, globals).await,
        Command::Workflow(args) => workflow::run(args, globals).await,
        Command::Condition(args) => condition::run(args, globals).await,
        Command::Signal(args) => signal::run(args, globals).await,
        Command::Publish(args) => publish::run(*args, globals).await,
        Command::Event(args) => event::run(args, globals).await,
        Command::Subscription(args) => subscription::run(args, globals).await,
        Command::Source(args) => source::run(args, globals).await,
        Command::Alert(args) => alert::run(args, globals).await,
        Command::Key(args) => key::run(args, globals).await,
        Command::Token(args) => token::run(args, globals).await,
        Command::User(args) => user::run(args, globals).await,
        Command::Op(args) => op::run(args, globals).await,
        Command::Error(args) => error::run(args, globals).await,
        Command::Lane(args) => lane::run(args, globals).await,
        Command::Worker(args) => worker::run(args, globals).await,
        Command::Doctor(args) => doctor::run(args, globals).await,
        Command::Audit(args) => audit::run(args, globals).await,
        Command::Docs(args) => docs::run(&args, globals),
        Command::Serve(args) => serve::run(args, globals).await,
        Command::Conformance(args) => conformance::run(args, globals).await,
        Command::Bundle(args) => bundle::run(args, globals).await,
        Command::Export(args) => export::run(args, globals).await,
        Command::Import(args) => import::run(args, globals).await,
        Command::Sql(args) => sql::run(args, globals).await,
        Command::Backup(args) => backup::run(args, globals).await,
        Command::Restore(args) => restore::run(args, globals).await,
        Command::Move(args) => move_store::run(args, globals).await,
        Command::Migrate(args) => migrate::run(args, globals).await,
        Command::Bench(args) => bench::run(args, globals).await,
        Command::Completions(args) => completions::run(&args, cli::definition(), globals),
    }
}
