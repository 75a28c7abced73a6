//! One round: the hand-written loop and the bus in turn, each on an empty server.

use anyhow::{Result, ensure};
use redis::aio::MultiplexedConnection;
use tekup_testkit::redis::RedisServer;

use crate::{
    by_hand,
    measure::{Stopwatch, Taken},
    on_bus::{self, Tally},
    sample,
    scenario::Setting,
};

/// What one side did in one round.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// Publishing all events.
    pub publish: Taken,
    /// Draining all events.
    pub drain: Taken,
    /// What an event takes in the server's memory, once published, in bytes.
    pub bytes: f64,
}

/// What both sides did in one round.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// The hand-written loop.
    pub by_hand: Turn,
    /// The bus.
    pub on_bus: Turn,
}

/// Runs a round with so many events.
///
/// # Errors
/// Those of the server and the bus; if an event is lost or handled twice.
pub async fn run(server: &RedisServer, events: usize, setting: Setting) -> Result<Round> {
    let by_hand = by_hand(server, events, setting).await?;
    let on_bus = on_bus(server, events, setting).await?;
    Ok(Round { by_hand, on_bus })
}

async fn by_hand(server: &RedisServer, events: usize, setting: Setting) -> Result<Turn> {
    let mut connection = by_hand::connect(&server.url()).await?;
    flush(&mut connection).await?;
    by_hand::prepare(&mut connection).await?;
    let (load, tally) = (sample::load(events, setting.tenants), Tally::default());
    let empty = used_memory(&mut connection).await?;

    let watch = Stopwatch::start(server)?;
    match setting.publishers {
        1 => by_hand::publish(&mut connection, load).await?,
        tasks => by_hand::publish_at_once(&connection, load, tasks).await?,
    }
    let publish = watch.stop()?;

    let bytes = (used_memory(&mut connection).await? - empty) / events as f64;
    let watch = Stopwatch::start(server)?;
    by_hand::drain(&mut connection, events, |data| tally.count(data)).await?;
    let drain = watch.stop()?;
    ensure!(tally.counted() == events, "{} of {events} were handled by hand", tally.counted());
    Ok(Turn { publish, drain, bytes })
}

async fn on_bus(server: &RedisServer, events: usize, setting: Setting) -> Result<Turn> {
    let mut connection = by_hand::connect(&server.url()).await?;
    flush(&mut connection).await?;
    let bus = on_bus::connect(&server.url()).await?;
    on_bus::prepare(&bus).await?;
    let (load, tally) = (sample::load(events, setting.tenants), Tally::default());
    let empty = used_memory(&mut connection).await?;

    let watch = Stopwatch::start(server)?;
    match setting.publishers {
        1 => on_bus::publish(&bus, load, sample::BATCH).await?,
        tasks => on_bus::publish_at_once(&bus, load, tasks).await?,
    }
    let publish = watch.stop()?;

    let bytes = (used_memory(&mut connection).await? - empty) / events as f64;
    let counter = tally.clone();
    let watch = Stopwatch::start(server)?;
    on_bus::drain(&bus, events, move |data| counter.count(data)).await?;
    let drain = watch.stop()?;
    ensure!(tally.counted() == events, "{} of {events} were handled on the bus", tally.counted());
    on_bus::finish(&bus, events).await?;
    Ok(Turn { publish, drain, bytes })
}

async fn flush(connection: &mut MultiplexedConnection) -> Result<()> {
    Ok(redis::cmd("FLUSHALL").exec_async(connection).await?)
}

async fn used_memory(connection: &mut MultiplexedConnection) -> Result<f64> {
    let info: redis::InfoDict = redis::cmd("INFO").arg("memory").query_async(connection).await?;
    Ok(info.get::<f64>("used_memory").unwrap_or_default())
}
