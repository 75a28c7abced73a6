//! `tekup`, for the nineteen events of the product.

use std::process::ExitCode;

use tekup_contracts::Registry;

fn main() -> ExitCode {
    tekup_cli::main(registry())
}

fn registry() -> tekup_core::Result<Registry> {
    Registry::of([
        ("analytics", tekup_events_analytics::descriptors().to_vec()),
        ("content", tekup_events_content::descriptors().to_vec()),
        ("crm", tekup_events_crm::descriptors().to_vec()),
        ("marketing", tekup_events_marketing::descriptors().to_vec()),
        ("media", tekup_events_media::descriptors().to_vec()),
        ("project", tekup_events_project::descriptors().to_vec()),
        ("proposal", tekup_events_proposal::descriptors().to_vec()),
        ("reporting", tekup_events_reporting::descriptors().to_vec()),
        ("support", tekup_events_support::descriptors().to_vec()),
    ])
}
