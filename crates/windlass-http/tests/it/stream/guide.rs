//! The program of docs/stream.md, as it stands there.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};
use tokio::task::JoinSet;
use windlass_http::Server;

use super::watch::{SOON, publish};
use crate::fixture::{TestApi, TestDatabase};

const GUIDE: &str = include_str!("../../../../../docs/stream.md");

async fn serve(api: &TestApi, address: SocketAddr) -> (SocketAddr, JoinSet<()>) {
    let server = Server::bind(address).await.expect("bound");
    let (address, mut serving) = (server.address().expect("known"), JoinSet::new());
    serving.spawn(server.serve(api.router(), api.stopping()));
    (address, serving)
}

/// The position and the type of the event that the program says next.
fn said(line: Option<String>) -> (u64, String) {
    let line = line.expect("it runs");
    let (position, rest) = line.split_once(' ').expect("words");
    (position.parse().expect("a position"), rest.to_owned())
}

/// The program in Python watches a server, and goes on where it was once another one has taken its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_in_python_goes_on_where_it_was() {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    let (_, code) = GUIDE.split_once("```python\n").expect("a program");
    let (code, _) = code.split_once("```").expect("its end");
    let (address, mut serving) = serve(&api, "127.0.0.1:0".parse().expect("an address")).await;
    let mut program = Command::new("python3")
        .args(["-c", code])
        .env("WINDLASS_URL", format!("http://{address}"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("python3 is there");
    let mut lines: Lines<_> =
        BufReader::new(program.stdout.take().expect("piped") as ChildStdout).lines();
    // It watches once it is told of one of these.
    let (mut last, first) = loop {
        publish(&api, &["order.first"]).await;
        if let Ok(line) = tokio::time::timeout(Duration::from_millis(100), lines.next_line()).await
        {
            break said(line.expect("read"));
        }
    };
    assert_eq!(first, "order.first of/order.first");
    api.stop();
    serving.join_next().await.expect("it served").expect("well");
    publish(&api, &["order.missed"]).await;
    let other = api.another().await;
    let _serving = serve(&other, address).await;
    loop {
        let line = tokio::time::timeout(SOON, lines.next_line()).await.expect("in time");
        let (position, event) = said(line.expect("read"));
        assert_eq!(position, last + 1, "none twice, and none is missing");
        last = position;
        if event == "order.missed of/order.missed" {
            break;
        }
    }
    program.kill().await.expect("it ends");
}
