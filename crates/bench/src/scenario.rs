//! What is measured.

/// One thing that is measured, by hand and on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// One typed handler, one event a call: from a full store until everything is handled and acknowledged.
    DrainOne,
    /// Typed events, 500 a batch, one batch after another: until everything is stored.
    PublishBatch,
    /// As [`DrainOne`](Self::DrainOne), with one tenant: one partition, one lane.
    DrainOneSingleTenant,
    /// As [`PublishBatch`](Self::PublishBatch), with one tenant.
    PublishBatchSingleTenant,
    /// Typed events from 64 tasks, each of which publishes one after another: until everything is stored.
    PublishConcurrent64,
}

/// How events are published in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// How many tenants take turns: 64 reach every partition, 1 reaches one.
    pub tenants: usize,
    /// How many tasks publish one event at a time; a single one publishes batches.
    pub publishers: usize,
}

impl Setting {
    /// All of them, in the order in which they are measured.
    pub const ALL: [Self; 3] = [Self::of(64, 1), Self::of(1, 1), Self::of(64, 64)];

    const fn of(tenants: usize, publishers: usize) -> Self {
        Self { tenants, publishers }
    }
}

impl Scenario {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Self; 5] = [
        Self::DrainOne,
        Self::PublishBatch,
        Self::DrainOneSingleTenant,
        Self::PublishBatchSingleTenant,
        Self::PublishConcurrent64,
    ];

    /// Its name in arguments and in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DrainOne => "drain_one",
            Self::PublishBatch => "publish_batch",
            Self::DrainOneSingleTenant => "drain_one_single_tenant",
            Self::PublishBatchSingleTenant => "publish_batch_single_tenant",
            Self::PublishConcurrent64 => "publish_concurrent_64",
        }
    }

    /// The scenario of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// How its events are published.
    #[must_use]
    pub const fn setting(self) -> Setting {
        match self {
            Self::DrainOne | Self::PublishBatch => Setting::of(64, 1),
            Self::DrainOneSingleTenant | Self::PublishBatchSingleTenant => Setting::of(1, 1),
            Self::PublishConcurrent64 => Setting::of(64, 64),
        }
    }

    /// Whether it is the draining that is measured, and not the publishing.
    #[must_use]
    pub const fn drains(self) -> bool {
        matches!(self, Self::DrainOne | Self::DrainOneSingleTenant)
    }
}
