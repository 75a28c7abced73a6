//! One event of each kind that the program publishes.

use tekup_events_marketing::CampaignCompleted;
use tekup_events_project::TaskCompleted;
use tekup_events_proposal::{BuyingSignalDetected, ProposalCreated, SignalType};
use tekup_events_support::{SupportChannel, SupportPriority, SupportSessionResolved, SupportSessionStarted};

pub(crate) fn proposal() -> ProposalCreated {
    ProposalCreated {
        proposal_id: "prop-123".into(),
        client_name: "Acme Corp".into(),
        estimated_value: 150_000.0,
        confidence: 0.87,
        lead_id: Some("lead-456".into()),
    }
}

pub(crate) fn buying_signal() -> BuyingSignalDetected {
    BuyingSignalDetected {
        proposal_id: "prop-123".into(),
        signal_type: SignalType::Urgency,
        content: "need this implemented by end of quarter".into(),
        confidence: 0.92,
        position: 145,
    }
}

pub(crate) fn campaign() -> CampaignCompleted {
    CampaignCompleted {
        campaign_id: "campaign-123".into(),
        delivered: 10_000,
        opened: 2_500,
        clicked: 500,
        converted: 50,
        revenue: 125_000.0,
        roi: 450.0,
    }
}

pub(crate) fn task() -> TaskCompleted {
    TaskCompleted {
        task_id: "task-123".into(),
        project_id: "project-123".into(),
        assignee_id: "user-789".into(),
        completion_time: 86_400_000.0,
        estimated_hours: None,
        actual_hours: Some(7.5),
    }
}

pub(crate) fn session_started() -> SupportSessionStarted {
    SupportSessionStarted {
        session_id: "session-123".into(),
        contact_id: Some("contact-456".into()),
        channel: SupportChannel::Chat,
        priority: SupportPriority::High,
    }
}

pub(crate) fn session_resolved() -> SupportSessionResolved {
    SupportSessionResolved {
        session_id: "session-123".into(),
        resolution_time: 5_400_000.0,
        satisfaction: Some(4.5),
        escalated: false,
        category: "billing".into(),
    }
}
