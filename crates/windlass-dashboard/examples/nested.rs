//! The dashboard below a path of a program's own, for everybody who reaches it: `cargo run --example nested -- sqlite:app.db 7700`.

use std::io::Write;
use std::net::Ipv4Addr;

use axum::Router;
use windlass::Client;
use windlass_http::{Access, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let store =
        windlass::open(&arguments.next().unwrap_or_else(|| "sqlite:app.db".to_owned())).await?;
    let port = arguments.next().map_or(Ok(7700), |port| port.parse())?;
    let dashboard = windlass_dashboard::router(Client::new(store), Access::open());
    let app = Router::new().nest_service("/windlass", dashboard);
    let server = Server::bind((Ipv4Addr::LOCALHOST, port).into()).await?;
    writeln!(std::io::stdout(), "http://{}/windlass", server.address()?)?;
    server.serve(app, tokio_util::sync::CancellationToken::new()).await;
    Ok(())
}
