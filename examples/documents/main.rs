//! Writes what the examples send and receive, as AsyncAPI documents, for those who read events in other languages.
//!
//! ```text
//! cargo run --example documents # writes the documents beside this file anew
//! ```

#![allow(clippy::print_stdout, reason = "a program that shows what happens")]

use std::{fs, path::PathBuf};

use anyhow::Result;
use tekup_contracts::{AsyncApi, Registry};
use tekup_core::patterns;
use tekup_redis_transport::RedisConfig;

fn main() -> Result<()> {
    for (path, document) in documents()? {
        fs::write(&path, document)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// What each service of the examples has to do with events.
fn services() -> [AsyncApi; 3] {
    let quickstart = AsyncApi::of("quickstart", "1.0.0")
        .description("Scores leads, and welcomes those that are likely to buy.")
        .sends("lead.created")
        .sends("lead.scored")
        .receives("scoring", "lead.created")
        .receives("welcoming", "lead.scored");
    let patterns = AsyncApi::of("patterns", "1.0.0")
        .description("Notes proposals, what is completed, and what support does.")
        .sends("proposal.created")
        .sends("buying-signal.detected")
        .sends("campaign.completed")
        .sends("task.completed")
        .sends("support.session.*")
        .receives("proposals", patterns::ALL_PROPOSAL_EVENTS)
        .receives("completions", patterns::ALL_COMPLETED_EVENTS)
        .receives("resolutions", "support.*")
        .receives("resolutions", "*.resolved");
    let batch = AsyncApi::of("batch", "1.0.0")
        .description("Imports leads.")
        .sends("lead.created")
        .receives("importing", "lead.created");
    [quickstart, patterns, batch]
}

fn registry() -> tekup_core::Result<Registry> {
    Registry::of([
        ("crm", tekup_events_crm::descriptors().to_vec()),
        ("marketing", tekup_events_marketing::descriptors().to_vec()),
        ("project", tekup_events_project::descriptors().to_vec()),
        ("proposal", tekup_events_proposal::descriptors().to_vec()),
        ("support", tekup_events_support::descriptors().to_vec()),
    ])
}

fn documents() -> Result<Vec<(PathBuf, String)>> {
    let registry = registry()?;
    let redis = RedisConfig::default();
    let keys = serde_json::to_value(redis.key_space()?)?;
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("documents");
    let document = |service: AsyncApi| {
        let path = folder.join(format!("{}.json", service.service()));
        let service = service.server(redis.host()?, "redis").extension("x-tekup-redis", keys.clone());
        Ok((path, service.write(&registry)?))
    };
    services().into_iter().map(document).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_beside_this_file_are_what_the_services_say() {
        for (path, document) in documents().unwrap() {
            let written = fs::read_to_string(&path).unwrap();
            assert!(written == document, "{} is old: `cargo run --example documents` writes it anew", path.display());
        }
    }
}
