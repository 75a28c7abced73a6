//! What the examples of this folder share.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a server answers, if it is well.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Result<String, Failure> {
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer has no body")?;
    if head.starts_with("HTTP/1.0 200 ") { Ok(body.to_owned()) } else { Err(format!("{path}: {head}: {body}").into()) }
}
