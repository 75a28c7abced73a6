//! Probes, asked as a container's health check does: of processes that answer, and of those that don't.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{Router, body::Body, http::StatusCode, response::Redirect, routing::get};
use tekup_core::ErrorKind;
use tekup_http::{ProbeAnswer, probe, serve};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

const PATIENCE: Duration = Duration::from_secs(60);

async fn serving(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, std::future::pending()));
    address
}

/// Somebody who does this with whoever comes.
async fn listening<F: Future<Output = ()> + Send>(what: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            what(listener.accept().await.unwrap().0).await;
        }
    });
    address
}

async fn refused(url: &str, patience: Duration) -> (ErrorKind, String) {
    let error = probe(url, patience).await.unwrap_err();
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn an_answer_is_its_status_and_its_body() {
    let unready = get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "not yet\n") });
    let router = Router::new().route("/", get(|| async { "root" })).route("/readyz", unready);
    let address = serving(router.route("/moved", get(|| async { Redirect::to("/") }))).await;
    let told = async |path: &str| probe(&format!("http://{address}{path}"), PATIENCE).await.unwrap();
    assert_eq!(told("").await, ProbeAnswer { status: 200, body: "root".into() });
    for (path, expected) in [("/readyz?verbose", "503 not yet"), ("/moved", "303 "), ("/nowhere", "404 ")] {
        let answer = told(path).await;
        assert_eq!((answer.to_string().as_str(), answer.is_good()), (expected, false));
    }
}

#[tokio::test]
async fn of_an_answer_without_an_end_the_start_is_read() {
    let endless = || async { Body::from_stream(futures_util::stream::repeat(Ok::<_, Infallible>("metrics "))) };
    let address = serving(Router::new().route("/", get(endless))).await;
    let answer = probe(&format!("http://{address}"), PATIENCE).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 16 * 1024));
}

#[tokio::test]
async fn nobody_who_answers_by_http_in_time_is_an_error_that_names_the_url() {
    // Connections are taken by the system, and by nobody else.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = listening(|mut stream| async move { stream.write_all(b"SSH-2.0-nobody\r\n").await.unwrap() }).await;
    let head_without_end = listening(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        while stream.write_all(b"x-more: and more\r\n").await.is_ok() {}
    })
    .await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (address, patience, why) in [
        (silent.local_addr().unwrap(), Duration::from_millis(50), "no answer within 50ms"),
        (other, PATIENCE, "HTTP"),
        (head_without_end, PATIENCE, "too large"),
        (closed, PATIENCE, "refused"),
    ] {
        let url = format!("http://{address}/livez");
        let (kind, told) = refused(&url, patience).await;
        assert!(kind == ErrorKind::Unavailable && told.contains(&url) && told.contains(why), "{told}");
    }
}

#[tokio::test]
async fn a_url_that_can_not_be_asked_is_refused_with_how_to_write_it() {
    for url in ["", "/readyz", "localhost:9464", "https://localhost", "http:///readyz", "http://a b", "unix:/run/sock"]
    {
        let (kind, told) = refused(url, PATIENCE).await;
        assert!(kind == ErrorKind::InvalidInput && told.contains("http://127.0.0.1:9464/readyz"), "{url}: {told}");
    }
}
