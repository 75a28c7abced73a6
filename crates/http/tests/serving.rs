//! Serving over TCP, and stopping.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use tekup_core::EventBus;
use tekup_http::{Operations, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore, oneshot},
    task::JoinHandle,
    time::timeout,
};

const SOON: Duration = Duration::from_secs(4);

struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

impl Serving {
    async fn of(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, (stop, stopped)) = (listener.local_addr().unwrap(), oneshot::channel::<()>());
        let ended = tokio::spawn(serve(listener, router, async { drop(stopped.await) }));
        Self { address, stop, ended }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

async fn ask(connection: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
}

async fn answer(mut connection: TcpStream) -> String {
    let mut answer = String::new();
    timeout(SOON, connection.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn probes_are_answered_over_tcp_until_it_is_stopped() {
    let bus = EventBus::in_memory("crm").unwrap();
    let serving = Serving::of(Operations::of(&bus).router()).await;
    let mut connection = serving.connect().await;
    ask(&mut connection, "/livez").await;
    let answer = answer(connection).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with(r#"{"status":"alive"}"#), "{answer}");
    // One that asks nothing holds nobody up.
    let _idle = serving.connect().await;
    serving.stop.send(()).unwrap();
    timeout(SOON, serving.ended).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(serving.address).await.is_err());
}

#[tokio::test]
async fn a_request_under_way_is_finished_and_one_that_never_ends_is_cut() {
    let (asked, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let state = (asked.clone(), may_end.clone());
    let slow = get(async move || {
        state.0.notify_one();
        state.1.notified().await;
        "done"
    });
    let hangs = get(std::future::pending::<()>);
    let serving = Serving::of(Router::new().route("/slow", slow).route("/hangs", hangs)).await;
    let (mut slow, mut hangs) = (serving.connect().await, serving.connect().await);
    ask(&mut hangs, "/hangs").await;
    ask(&mut slow, "/slow").await;
    asked.notified().await;
    serving.stop.send(()).unwrap();
    may_end.notify_one();
    assert!(answer(slow).await.ends_with("done"));
    timeout(2 * SOON, serving.ended).await.unwrap().unwrap().unwrap();
    assert!(!until_cut(hangs).await.contains("200"), "it has no answer");
}

/// What the server says until it hangs up.
async fn until_cut(mut connection: TcpStream) -> String {
    let mut heard = String::new();
    // However it ends: with what was said, or because it was reset.
    let _reset = timeout(40 * SOON, connection.read_to_string(&mut heard)).await.unwrap();
    heard
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_say_what_it_asks_is_cut_off_and_one_that_asks_slowly_is_answered() {
    let bus = EventBus::in_memory("crm").unwrap();
    let serving = Serving::of(Operations::of(&bus).router()).await;
    let (silent, mut slow, mut patient) = (serving.connect().await, serving.connect().await, serving.connect().await);
    slow.write_all(b"GET /livez HTTP/1.1\r\nHost: local").await.unwrap();
    patient.write_all(b"GET /livez HTTP/1.1\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    patient.write_all(b"Host: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(answer(patient).await.ends_with(r#"{"status":"alive"}"#));
    for cut in [silent, slow] {
        assert!(!until_cut(cut).await.contains("200"), "nothing was asked");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_its_answer_is_cut_off() {
    let page = "x".repeat(64 << 20);
    let serving = Serving::of(Router::new().route("/page", get(async move || page.clone()))).await;
    let mut deaf = serving.connect().await;
    ask(&mut deaf, "/page").await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(until_cut(deaf).await.len() < 64 << 20, "it has got no more than what lay in buffers");
}

#[tokio::test]
async fn beyond_so_many_connections_others_wait_until_one_ends() {
    let (asked, waits) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let state = (asked.clone(), waits.clone());
    let hangs = get(async move || {
        state.0.add_permits(1);
        state.1.notified().await;
        "done"
    });
    let serving = Serving::of(Router::new().route("/hangs", hangs).route("/livez", get("alive"))).await;
    let mut held = Vec::new();
    for _ in 0..256 {
        let mut connection = serving.connect().await;
        ask(&mut connection, "/hangs").await;
        held.push(connection);
    }
    // Each of them has a place.
    timeout(SOON, asked.acquire_many(256)).await.unwrap().unwrap().forget();
    let mut late = serving.connect().await;
    ask(&mut late, "/livez").await;
    let mut answer = Box::pin(answer(late));
    assert!(timeout(Duration::from_millis(200), &mut answer).await.is_err(), "there is no place");
    waits.notify_one();
    assert!(answer.await.starts_with("HTTP/1.1 200 OK"));
}
