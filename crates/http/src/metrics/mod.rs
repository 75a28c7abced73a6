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
use prometheus::{TEXT_FORMAT, TextEncoder, proto::MetricFamily};

use self::family::Family;
use crate::shared::Shared;

pub(crate) async fn scrape(State(shared): State<Arc<Shared>>) -> Response {
    tell(gather(&shared).await)
}

/// Those of a process that waits for its bus: the store has not answered, and it is not ready.
pub(crate) async fn without_bus() -> Response {
    let families = [Family::of(&catalogue::READY).with(&[], false)].into_iter().chain(of_store::families(None, &[]));
    tell(families.filter_map(Family::into_proto).collect())
}

fn tell(families: Vec<MetricFamily>) -> Response {
    match TextEncoder::new().encode_to_string(&families) {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        // Only a family without samples can't be written, and there is none.
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("the metrics can't be written: {error}")).into_response()
        }
    }
}

async fn gather(shared: &Shared) -> Vec<MetricFamily> {
    let mut families = of_process::families(&shared.bus.process_metrics(), shared.bus.service());
    families.push(Family::of(&catalogue::READY).with(&[], f64::from(shared.ready().await.opinion.is_ready)));
    if let Some(store) = &shared.store {
        families.extend(of_store::families(store.look(&shared.bus).await.as_deref(), &store.tenants));
    }
    families.into_iter().filter_map(Family::into_proto).collect()
}
