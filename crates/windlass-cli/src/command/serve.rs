//! `windlass serve`: the HTTP API.

use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, TcpListener as StdTcpListener,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use windlass::limits::KEEP_STATS;
use windlass::redact::Redaction;
use windlass::standby::Standby;
use windlass::store::Store;
use windlass::stores::{RunningWorkers, Stores};
use windlass::token::Grant;
use windlass::{Client, Options, RunningWorker, StartError, Worker};
use windlass_dashboard::Commands;
use windlass_http::{Access, Api, IpNet, Proxies, RequestRate, Server};

use super::work::logs;
use super::work::screen::Screen;
use crate::config::{Config, ServerConfig, there};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::keys;
use crate::service::{Service, root, socket};
use crate::shutdown::{self, Signals, Wish};
use crate::store;
use crate::stores::{self, Chosen};

/// What it is listed with among the workers.
const BUILD: &str = concat!("windlass serve ", env!("CARGO_PKG_VERSION"));

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass serve
  windlass serve --listen 127.0.0.1:8080 --store postgres://app@db/app

Where windlass.toml names several stores, all are served: /v1 is the default one's API, /stores/NAME/v1 each one's.
The same stands in [server] of windlass.toml; what is given here goes before it, and a socket that systemd hands over before both.")]
pub(crate) struct Args {
    /// The address and port; port 0 takes a free one; 127.0.0.1:7700 unless given
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Ask nobody for a token; on 127.0.0.1 or ::1 alone
    #[arg(long)]
    open: bool,
    /// A proxy stands before it that ends TLS: only with this another address than 127.0.0.1 or ::1 is served
    #[arg(long)]
    behind_proxy: bool,
    /// A standby of the store, which answers lists, objects and metrics while it is new enough
    #[arg(long, env = "WINDLASS_READ_URL", hide_env_values = true, value_name = "URL")]
    read_url: Option<String>,
    /// The configuration with a server table; windlass.toml where there is one, unless given
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Where it listens unless it is told.
pub(super) const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7700));

/// How it is served.
#[derive(Debug)]
struct How {
    listen: SocketAddr,
    open: bool,
    behind_proxy: bool,
    read_url: Option<String>,
    said: ServerConfig,
    redaction: Redaction,
    keep_stats: Duration,
}

impl Args {
    /// What the file says, with what is given here before it.
    fn how(&self) -> Result<How, Failure> {
        let unless_given = Path::new(stores::FILE);
        let file = self.config.as_deref().or_else(|| there(unless_given).then_some(unless_given));
        let said = file.map(Config::server).transpose();
        let said = said.map_err(|error| Failure::usage(error.to_string()))?.unwrap_or_default();
        let redaction = file.map(Config::redaction).transpose();
        let redaction = redaction.map_err(|error| Failure::usage(error.to_string()))?;
        let keep_stats = file.map(Config::keep_stats).transpose();
        let keep_stats = keep_stats.map_err(|error| Failure::usage(error.to_string()))?;
        Ok(How {
            listen: self.listen.or(said.listen).unwrap_or(LISTEN),
            open: self.open || said.open,
            behind_proxy: self.behind_proxy || said.behind_proxy,
            read_url: self.read_url.clone().or_else(|| said.read_url.clone()),
            said,
            redaction: redaction.unwrap_or_default(),
            keep_stats: keep_stats.unwrap_or(KEEP_STATS),
        })
    }
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    shutdown::ignore_write_signals();
    let (service, lifeline) = Service::of_environment();
    let mut signals = Signals::listen(lifeline)?;
    let mut how = args.how()?;
    let socket = socket::handed_over()?;
    if let Some(socket) = &socket {
        how.listen = socket.local_addr()?;
    }
    check(&how)?;
    let file = args.config.as_deref().unwrap_or(Path::new(stores::FILE));
    let Served { globals, several, read_urls, commands } = served(globals, file, &how)?;
    let (globals, several) = (&globals, &several);
    logs::begin(&Screen::without_progress(), globals.out.asides(), false);
    let keys = keys::of(file)?;
    let store = match several {
        Some(stores) => stores.store(stores.routes().default_store()).await?,
        None => store::created_and_told(globals).await?,
    };
    let server = listening(&how, socket).await?;
    let server = if how.behind_proxy { server.behind_proxy() } else { server };
    let serving = format!("serving http://{}", server.address()?);
    globals.out.aside(&format!("{serving}\n"));
    root::warn(&globals.out);
    let maintenance = Maintenance::start(&store, several.as_ref(), how.keep_stats).await?;
    warn_without_anybody(&how, globals, &*store).await?;
    let api = match several {
        Some(stores) => {
            let stores = keys::encrypting_all(stores.clone(), keys);
            Api::of(Client::new(store), access(&how)?, rate(&how.said)).with_stores(stores)
        }
        None => {
            let client = keys::encrypting(Client::new(store), keys);
            Api::of(client, access(&how)?, rate(&how.said))
        }
    };
    let api = reading(api, &read_urls, how.said.read_max_age).await?;
    let api = api.redacting(how.redaction.clone());
    let probe = server.probe();
    service.ready(&serving);
    let told = async {
        until_stopped(&mut signals, globals, (&service, &serving)).await;
        service.stopping();
        api.stopping().cancel();
    };
    let served =
        server.serve(windlass_dashboard::over_with(api.clone(), commands), api.stopping().clone());
    tokio::select! {
        _ = async { tokio::join!(served, told) } => {}
        never = service.watch(async || probe.responds().await && maintenance.responds().await) => match never {},
    }
    api.idle().await;
    maintenance.stop().await;
    Ok(Exit::Done)
}

/// What is served.
struct Served {
    /// The store whose tokens count.
    globals: Globals,
    /// All of them where there are several.
    several: Option<Stores>,
    /// The standbys: whose each is, the URL of that store, and its own.
    read_urls: Vec<[String; 3]>,
    /// How the command line finds each.
    commands: Commands,
}

fn served(globals: &Globals, file: &Path, how: &How) -> anyhow::Result<Served> {
    Ok(match stores::chosen(globals.given.as_deref(), file)? {
        Chosen::One(url) => {
            let read_url = match &how.read_url {
                Some(read_url) => Some(read_url.clone()),
                None => stores::read_url(file, &url)?,
            };
            let read_urls = read_url.map(|read_url| [String::new(), url.clone(), read_url]);
            let read_urls = read_urls.into_iter().collect();
            let commands = Commands::at(&store::anywhere(&url));
            Served { globals: globals.on(url), several: None, read_urls, commands }
        }
        Chosen::Several(said) => {
            if how.read_url.is_some() {
                let what = "read_url is for one store, and there are several: say it in [store.NAME] of each that has a standby";
                return Err(Failure::usage(what).into());
            }
            let stores = said.stores()?.with_origin("windlass serve");
            let url = |name: &str| said.url(name).unwrap_or_default().to_owned();
            let read_urls = said.read_urls.iter().map(|(name, read_url)| {
                let url = url(name);
                [name.clone(), url, read_url.clone()]
            });
            let read_urls = read_urls.collect();
            let globals = globals.on(url(said.routes.default_store()));
            let own = Commands::at(&store::anywhere(&globals.store));
            let named = said.urls.iter().map(|(name, url)| (name, store::anywhere(url)));
            let commands = named.fold(own, |all, (name, url)| all.store(name, &url));
            Served { globals, several: Some(stores), read_urls, commands }
        }
    })
}

/// The API whose reads are answered by these standbys.
async fn reading(
    mut api: Api,
    read_urls: &[[String; 3]],
    max_age: Option<Duration>,
) -> anyhow::Result<Api> {
    for [name, url, read_url] in read_urls {
        let standby = windlass::open_standby(read_url, url).await;
        let standby = standby.map_err(|error| store::explained(read_url, error))?;
        let standby = standby.with_max_age(max_age.unwrap_or(Standby::MAX_AGE));
        // One that is away is logged by that.
        standby.standing().await;
        api = match name.as_str() {
            "" => api.reading_from(standby),
            name => api.reading_store_from(name, standby)?,
        };
    }
    Ok(api)
}

/// What some process must do for the jobs of each store.
enum Maintenance {
    One(RunningWorker),
    Several(RunningWorkers),
}

impl Maintenance {
    async fn start(
        store: &Arc<dyn Store>,
        several: Option<&Stores>,
        keep_stats: Duration,
    ) -> Result<Self, StartError> {
        let of = move |store| {
            let options = Options { keep_stats, ..Options::default() };
            Worker::without_app(store).without_handlers().options(options).build(BUILD)
        };
        Ok(match several {
            None => Self::One(of(Arc::clone(store)).start().await?),
            Some(stores) => Self::Several(stores.worker(move |_, store| of(store)).await?),
        })
    }

    async fn responds(&self) -> bool {
        match self {
            Self::One(worker) => worker.responds().await,
            Self::Several(workers) => workers.responds().await,
        }
    }

    async fn stop(self) {
        match self {
            Self::One(worker) => worker.stop().await,
            Self::Several(workers) => workers.stop().await,
        };
    }
}

/// On the socket that was handed over, or on one of its own.
async fn listening(how: &How, socket: Option<StdTcpListener>) -> anyhow::Result<Server> {
    if let Some(socket) = socket {
        return Ok(Server::on(TcpListener::from_std(socket)?));
    }
    bind(how.listen).await
}

pub(super) async fn bind(listen: SocketAddr) -> anyhow::Result<Server> {
    let server = Server::bind(listen).await;
    let server = server.map_err(|error| {
        format!("cannot listen on {listen}: {error}; --listen names another address")
    });
    Ok(server.map_err(|what| Failure::new(Exit::Failed, what))?)
}

/// Waits for the wish to stop. A server remembers nothing that its files could change while it serves.
async fn until_stopped(signals: &mut Signals, globals: &Globals, told: (&Service, &str)) {
    let (service, serving) = told;
    loop {
        match signals.next().await {
            Wish::Stop => return,
            Wish::Reload => {
                service.reloading();
                service.ready(serving);
                let todo =
                    "start it again; behind a socket of systemd no connection is refused meanwhile";
                globals.out.warn(&format!("SIGHUP changes nothing here: {todo}"));
            }
            Wish::Quiet | Wish::Resume => {}
        }
    }
}

/// Who is let in.
fn access(how: &How) -> anyhow::Result<Access> {
    if how.open {
        return Ok(Access::open());
    }
    if !how.behind_proxy {
        return Ok(Access::tokens());
    }
    let ServerConfig { proxies, user_header, other_users, .. } = &how.said;
    // What only this machine reaches is reached by a proxy on it.
    let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].map(IpNet::from);
    let is_by_own = proxies.is_empty() && how.listen.ip().is_loopback();
    let mut believed = Proxies::at(if is_by_own { own.to_vec() } else { proxies.clone() });
    if let Some(header) = user_header {
        believed = believed.naming_users_in(header.parse()?);
    }
    if let Some(role) = other_users {
        believed = believed.with_others(Grant::everywhere(role.scopes()));
    }
    Ok(Access::tokens().behind(believed))
}

/// How many requests each caller may make, where that is limited.
fn rate(said: &ServerConfig) -> Option<RequestRate> {
    let rate = RequestRate::per_second(said.requests_per_second?);
    Some(said.burst.map_or(rate, |burst| rate.burst(burst)))
}

/// What others can reach is neither open nor without TLS.
fn check(how: &How) -> Result<(), Failure> {
    let address = how.listen.ip();
    if address.is_loopback() {
        return Ok(());
    }
    let reached = format!("{address} can be reached from elsewhere");
    if how.open {
        let what = format!("{reached}, and --open asks nobody who they are");
        return Err(Failure::usage(format!("{what}; leave --open out, or listen on 127.0.0.1")));
    }
    if !how.behind_proxy {
        let what = format!("{reached}, and tokens would cross the network in clear text");
        let todo = "put a proxy with TLS before it and say --behind-proxy, or listen on 127.0.0.1";
        return Err(Failure::usage(format!("{what}; {todo}")));
    }
    Ok(())
}

async fn warn_without_anybody(
    how: &How,
    globals: &Globals,
    store: &dyn Store,
) -> anyhow::Result<()> {
    let is_asking = !how.open && how.said.other_users.is_none();
    if is_asking && store.tokens().await?.is_empty() && store.users().await?.is_empty() {
        let todo = "add somebody with `windlass user create NAME --role admin`, or a program with `windlass token create NAME --scope admin`";
        globals
            .out
            .warn(&format!("there is no user and no token yet, so that nobody is let in; {todo}"));
    }
    Ok(())
}
