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
}

impl Scenario {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Self; 4] =
        [Self::DrainOne, Self::PublishBatch, Self::DrainOneSingleTenant, Self::PublishBatchSingleTenant];

    /// Its name in arguments and in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DrainOne => "drain_one",
            Self::PublishBatch => "publish_batch",
            Self::DrainOneSingleTenant => "drain_one_single_tenant",
            Self::PublishBatchSingleTenant => "publish_batch_single_tenant",
        }
    }

    /// The scenario of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// How many tenants take turns: 64 reach every partition, 1 reaches one.
    #[must_use]
    pub const fn tenants(self) -> usize {
        match self {
            Self::DrainOne | Self::PublishBatch => 64,
            Self::DrainOneSingleTenant | Self::PublishBatchSingleTenant => 1,
        }
    }

    /// Whether it is the draining that is measured, and not the publishing.
    #[must_use]
    pub const fn drains(self) -> bool {
        matches!(self, Self::DrainOne | Self::DrainOneSingleTenant)
    }
}
