use std::{
    sync::{Arc, Mutex},
    thread,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use crate::received::{Received, all_of};

type Kept = Arc<Mutex<Vec<Received>>>;

/// A receiver of OTLP over HTTP, in a thread of its own, which keeps all spans that arrive.
pub(crate) struct Collector {
    pub(crate) address: String,
    kept: Kept,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let kept = Kept::default();
        let app = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&kept));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, app).await.unwrap();
            });
        });
        Self { address, kept }
    }

    /// All that has arrived. Services send the last of it before they end.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.kept.lock().unwrap().clone()
    }

    /// The only span of a service and a name.
    pub(crate) fn span(&self, service: &str, name: &str) -> Received {
        let mut found = self.spans(service, name);
        assert_eq!(found.len(), 1, "{service} has not one `{name}`: {:#?}", self.received());
        found.remove(0)
    }

    /// In the order in which they began.
    pub(crate) fn spans(&self, service: &str, name: &str) -> Vec<Received> {
        let mut all = self.received();
        all.retain(|span| span.service == service && span.name == name);
        all.sort_by_key(|span| span.start);
        all
    }
}

async fn take(State(kept): State<Kept>, body: Bytes) -> StatusCode {
    match ExportTraceServiceRequest::decode(body) {
        Ok(request) => {
            kept.lock().unwrap().extend(all_of(request));
            StatusCode::OK
        }
        Err(_) => StatusCode::BAD_REQUEST,
    }
}
