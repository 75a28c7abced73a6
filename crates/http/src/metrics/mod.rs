//! What Prometheus scrapes.

mod catalogue;
mod family;
mod of_process;
mod of_store;

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use prometheus::{TEXT_FORMAT, TextEncoder};

use self::family::Family;
use crate::{shared::Shared, store::StoreLook};

pub(crate) async fn scrape(State(shared): State<Arc<Shared>>) -> Response {
    let is_ready = shared.ready().await.opinion.is_ready;
    let look = match &shared.store {
        Some(store) => store.look(&shared.bus).await,
        None => None,
    };
    // A page may have megabytes: handlers on this thread do not wait until it is written.
    match tokio::task::spawn_blocking(move || text(of_bus(&shared, is_ready, look.as_deref()))).await {
        Ok(page) => answer(page),
        Err(error) => failed(&error),
    }
}

/// Those of a process that waits for its bus: the store has not answered, and it is not ready.
pub(crate) async fn without_bus() -> Response {
    let is_unready = Family::of(&catalogue::READY).with(&[], false);
    answer(text([is_unready].into_iter().chain(of_store::families(None, &[]))))
}

fn of_bus(shared: &Shared, is_ready: bool, look: Option<&StoreLook>) -> Vec<Family> {
    let mut families = of_process::families(&shared.bus.process_metrics(), shared.bus.service());
    families.push(Family::of(&catalogue::READY).with(&[], f64::from(is_ready)));
    if let Some(store) = &shared.store {
        families.extend(of_store::families(look, &store.tenants));
    }
    families
}

fn text(families: impl IntoIterator<Item = Family>) -> prometheus::Result<String> {
    let families: Vec<_> = families.into_iter().filter_map(Family::into_proto).collect();
    TextEncoder::new().encode_to_string(&families)
}

fn answer(page: prometheus::Result<String>) -> Response {
    match page {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        // Only a family without samples can't be written, and there is none.
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("the metrics can't be written: {error}")).into_response()
}
