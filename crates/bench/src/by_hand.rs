//! The yardstick: what a good engineer would write on redis-rs for one stream and one consumer.
//!
//! Publishing pipelines `XADD`, 500 at a time; or 64 tasks share a multiplexed connection, and await one `XADD` each. Draining reads 500 with `XREADGROUP`, decodes and handles each, and
//! acknowledges all of them with one `XACK`, then reads on. No index, no deduplication, no retries, no leases.

use anyhow::{Context, Result};
use chrono::{SecondsFormat, Utc};
use redis::{AsyncConnectionConfig, Pipeline, aio::MultiplexedConnection};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::sample::{BATCH, InvoicePaid, parts};

const STREAM: &str = "events";
const GROUP: &str = "ledger";
const FIELD: &str = "e";

/// What the bus calls an envelope, as one would write it for one's own use.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<D> {
    id: Uuid,
    r#type: String,
    version: String,
    tenant_id: String,
    user_id: Option<String>,
    timestamp: String,
    data: D,
}

/// A connection to the server, as both sides use one.
///
/// # Errors
/// If the server can't be reached.
pub async fn connect(url: &str) -> Result<MultiplexedConnection> {
    // A blocking or large read may take longer than the driver's 500 ms.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let connection = redis::Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await;
    connection.context("connecting to the server")
}

/// Makes the stream and its group.
///
/// # Errors
/// Those of the server.
pub async fn prepare(connection: &mut MultiplexedConnection) -> Result<()> {
    let mut create = redis::cmd("XGROUP");
    create.arg("CREATE").arg(STREAM).arg(GROUP).arg("0").arg("MKSTREAM");
    Ok(create.exec_async(connection).await?)
}

/// Publishes everything, one batch after another.
///
/// # Errors
/// Those of the server.
pub async fn publish(connection: &mut MultiplexedConnection, load: Vec<(String, InvoicePaid)>) -> Result<()> {
    let mut load = load.into_iter().peekable();
    while load.peek().is_some() {
        let mut batch = Pipeline::with_capacity(BATCH);
        for (tenant, data) in load.by_ref().take(BATCH) {
            batch.cmd("XADD").arg(STREAM).arg("*").arg(FIELD).arg(encoded(tenant, data)?).ignore();
        }
        batch.exec_async(connection).await?;
    }
    Ok(())
}

/// Publishes everything from so many tasks, each of which sends one `XADD` after another over the shared connection.
///
/// # Errors
/// Those of the server.
pub async fn publish_at_once(
    connection: &MultiplexedConnection,
    load: Vec<(String, InvoicePaid)>,
    tasks: usize,
) -> Result<()> {
    let mut publishing = JoinSet::new();
    for part in parts(load, tasks) {
        let mut connection = connection.clone();
        publishing.spawn(async move {
            for (tenant, data) in part {
                let mut add = redis::cmd("XADD");
                add.arg(STREAM).arg("*").arg(FIELD).arg(encoded(tenant, data)?);
                add.exec_async(&mut connection).await?;
            }
            anyhow::Ok(())
        });
    }
    publishing.join_all().await.into_iter().collect()
}

fn encoded(tenant_id: String, data: InvoicePaid) -> Result<Vec<u8>> {
    let envelope = Envelope {
        id: Uuid::now_v7(),
        r#type: "invoice.paid".into(),
        version: "1.0.0".into(),
        tenant_id,
        user_id: Some("user-456".into()),
        timestamp: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        data,
    };
    Ok(serde_json::to_vec(&envelope)?)
}

/// What one read answers: streams by name, of entries by id, of one field with its value. The driver's own type for it
/// makes a hash map for each entry, and is slower by a tenth.
type Streams = Vec<(String, Vec<(String, (String, Vec<u8>))>)>;

/// Reads, decodes, handles and acknowledges until `events` are done.
///
/// # Errors
/// Those of the server; if an entry can't be decoded.
pub async fn drain(connection: &mut MultiplexedConnection, events: usize, handle: impl Fn(&InvoicePaid)) -> Result<()> {
    let mut done = 0;
    while done < events {
        let mut ack = redis::cmd("XACK");
        ack.arg(STREAM).arg(GROUP);
        for (id, (_, json)) in read(connection).await?.into_iter().flat_map(|(_, entries)| entries) {
            let envelope: Envelope<InvoicePaid> = serde_json::from_slice(&json)?;
            handle(&envelope.data);
            ack.arg(id);
            done += 1;
        }
        ack.exec_async(connection).await?;
    }
    Ok(())
}

async fn read(connection: &mut MultiplexedConnection) -> Result<Streams> {
    let mut read = redis::cmd("XREADGROUP");
    read.arg("GROUP").arg(GROUP).arg("consumer").arg("COUNT").arg(BATCH).arg("STREAMS").arg(STREAM).arg(">");
    let streams: Option<Streams> = read.query_async(connection).await?;
    streams.context("nothing is left to read")
}
