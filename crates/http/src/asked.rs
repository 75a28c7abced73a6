//! A probe, asked from outside: by a program that checks itself or another one.

use std::{fmt, time::Duration};

use axum::{
    body::Body,
    http::{Request, Uri, header, uri::Scheme},
};
use futures_util::TryStreamExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tekup_core::{BoxError, Error, ErrorKind, Result};
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

/// So much of an answer is read, and so much of its head.
const MOST: usize = 16 * 1024;

/// What a probe has answered: `200 {"status":"ready"}` where it is displayed.
///
/// ```
/// let answer = tekup_http::ProbeAnswer { status: 503, body: r#"{"status":"unready"}"#.into() };
/// assert_eq!(answer.to_string(), r#"503 {"status":"unready"}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// The status of HTTP, 100 to 999.
    pub status: u16,
    /// The first 16 KiB of the body; what is no UTF-8 in it is replaced.
    pub body: String,
}

impl ProbeAnswer {
    /// Whether all is well: 200, and nothing else.
    ///
    /// ```
    /// let moved = tekup_http::ProbeAnswer { status: 301, body: String::new() };
    /// assert!(!moved.is_good());
    /// ```
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.status == 200
    }
}

impl fmt::Display for ProbeAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.body.trim_end())
    }
}

/// Asks a probe by plain HTTP, as what watches containers does: a program can be its own health check. No redirect is
/// followed.
///
/// # Errors
/// [`InvalidInput`](ErrorKind::InvalidInput) if the URL is none with `http://` and a host,
/// [`Unavailable`](ErrorKind::Unavailable) if nobody answers within `patience`, or not by HTTP.
///
/// # Cancel safety
/// If dropped, its connection is closed.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::EventBus;
/// use tekup_http::{Operations, probe, serve};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = EventBus::in_memory("billing")?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let url = format!("http://{}/readyz", listener.local_addr()?);
/// tokio::spawn(serve(listener, Operations::of(&bus).router(), std::future::pending()));
/// assert!(probe(&url, Duration::from_secs(2)).await?.is_good());
/// # Ok(())
/// # }
/// ```
pub async fn probe(url: &str, patience: Duration) -> Result<ProbeAnswer> {
    let uri: Uri = url.parse().map_err(|error| invalid(url, "it can't be read").with_source(error))?;
    if uri.scheme() != Some(&Scheme::HTTP) {
        return Err(invalid(url, "probes are asked by plain HTTP"));
    }
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| invalid(url, "it names no host"))?;
    let address = format!("{host}:{}", uri.port_u16().unwrap_or(80));
    match timeout(patience, ask(&address, &uri)).await {
        Ok(answered) => answered.map_err(|error| unavailable(&uri, &error.to_string()).with_source(error)),
        Err(_) => Err(unavailable(&uri, &format!("no answer within {patience:?}"))),
    }
}

async fn ask(address: &str, uri: &Uri) -> Result<ProbeAnswer, BoxError> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::Builder::new().max_buf_size(MOST).handshake(TokioIo::new(stream)).await?;
    // Dropped with this function, and the connection with it.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header(header::HOST, address).header(header::CONNECTION, "close");
    let response = sender.send_request(request.body(Body::empty())?).await?;
    let status = response.status().as_u16();
    Ok(ProbeAnswer { status, body: start_of(Body::new(response.into_body())).await? })
}

/// The rest is not read: a body may have no end.
async fn start_of(body: Body) -> Result<String, BoxError> {
    let (mut read, mut parts) = (Vec::new(), body.into_data_stream());
    while read.len() < MOST
        && let Some(part) = parts.try_next().await?
    {
        read.extend_from_slice(&part[..part.len().min(MOST - read.len())]);
    }
    Ok(String::from_utf8_lossy(&read).into_owned())
}

fn invalid(url: &str, what: &str) -> Error {
    let message = format!("url `{url}`: {what}; write it as http://127.0.0.1:9464/readyz");
    Error::new(ErrorKind::InvalidInput, message)
}

fn unavailable(uri: &Uri, what: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("`{uri}` does not answer: {what}; is the process running, and its port right?"),
    )
}
