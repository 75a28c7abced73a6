//! The transport: what all sources and publishers of a process share.

use std::{sync::Arc, time::Duration};

use tekup_core::{
    Result, TenantId,
    health::{Part, Vital},
    transport::{Capabilities, FollowSpec, Follower, Outgoing, Receipt, SourceSpec, Transport},
};

use crate::{
    admin::RedisAdmin,
    config::RedisConfig,
    connection::Connection,
    keys::{NamespaceName, PartitionKeys},
    layouts::Layouts,
    namespace::Namespace,
    publisher::Publisher,
    renewal::RenewalThread,
    safeguard::Safeguard,
    scheduler::Scheduler,
    scripts::LaneLimits,
    server::Server,
    source::{Bell, RedisFollower, RedisSource},
};

/// Stores and moves events on one Redis server. A cheap handle: clones share their connections.
///
/// It holds four connections, however many subscriptions there are: for commands, for reads, for the bell, and, on a
/// thread of its own, for renewing leases.
#[derive(Clone)]
pub struct RedisTransport(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) commands: Connection,
    pub(crate) reads: Connection,
    pub(crate) renewals: Connection,
    pub(crate) renewal: RenewalThread,
    pub(crate) bell: Bell,
    /// How long an id is remembered.
    pub(crate) window: Duration,
    pub(crate) limits: LaneLimits,
    /// What a test leaves out.
    pub(crate) without: Option<Safeguard>,
    namespace: Arc<Namespace>,
    publisher: Publisher,
    admin: RedisAdmin,
    /// Lives as long as the transport.
    scheduler: Scheduler,
}

impl Shared {
    pub(crate) fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    pub(crate) fn admin(&self) -> &RedisAdmin {
        &self.admin
    }

    pub(crate) fn partitions(&self) -> &[PartitionKeys] {
        self.namespace.partitions()
    }
}

impl RedisTransport {
    /// Connects, and joins the namespace; creates it if it is new.
    ///
    /// Must be called within a tokio runtime, which then drives the connections.
    ///
    /// # Errors
    /// [`InvalidConfig`](tekup_core::ErrorKind::InvalidConfig) with every mistake in the settings,
    /// [`Unavailable`](tekup_core::ErrorKind::Unavailable) if the server can't be reached,
    /// [`Denied`](tekup_core::ErrorKind::Denied) if it refuses the credentials,
    /// [`Incompatible`](tekup_core::ErrorKind::Incompatible) if it is older than 7.0, or the namespace was made with
    /// another number of partitions.
    ///
    /// # Cancel safety
    /// If dropped, nothing is left behind but a namespace that may have been made.
    ///
    /// ```
    /// use tekup_core::{BusConfig, EventBus};
    /// use tekup_redis_transport::{RedisConfig, RedisTransport};
    /// # use tekup_testkit::redis::RedisServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let server = RedisServer::start()?;
    /// let transport = RedisTransport::connect(&RedisConfig::new(server.url()).namespace("shop")).await?;
    /// let billing = EventBus::new(BusConfig::new("billing"), transport.clone())?;
    /// let audit = EventBus::new(BusConfig::new("audit"), transport)?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(config: &RedisConfig) -> Result<Self> {
        Self::with_or_without(config, None).await
    }

    /// As [`connect`](Self::connect), without one of the protections: for tests that show what it is good for.
    #[doc(hidden)]
    pub async fn __connect_without(config: &RedisConfig, without: Safeguard) -> Result<Self> {
        Self::with_or_without(config, Some(without)).await
    }

    async fn with_or_without(config: &RedisConfig, without: Option<Safeguard>) -> Result<Self> {
        config.check()?;
        let server = Arc::new(Server::new(config)?);
        let commands = Connection::new(server.clone());
        commands.live().await?;
        let name = NamespaceName::new(&config.namespace)?;
        let namespace = Arc::new(Namespace::open(&commands, name, config.partitions).await?);
        let layouts = Arc::new(Layouts::load(commands.clone(), namespace.clone()).await?);
        let (window, limits) = (config.dedupe_window, config.lane_limits());
        let publisher = Publisher::new(commands.clone(), namespace.clone(), layouts.clone(), window, limits);
        let bell = Bell::start(server.clone(), namespace.partitions());
        let scheduler = Scheduler::start(commands.clone(), namespace.clone(), layouts, (window, limits), &bell);
        Ok(Self(Arc::new(Shared {
            reads: Connection::new(server.clone()),
            renewals: Connection::new(server),
            renewal: RenewalThread::start()?,
            admin: RedisAdmin::new(namespace.clone(), commands.clone(), window, limits),
            scheduler,
            window,
            limits,
            without,
            commands,
            bell,
            namespace,
            publisher,
        })))
    }
}

impl Transport for RedisTransport {
    type Source = RedisSource;
    type Admin = RedisAdmin;

    fn capabilities(&self) -> Capabilities {
        Capabilities { survives_processes: true, ..Capabilities::default() }
    }

    fn system(&self) -> &'static str {
        "redis"
    }

    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        self.0.publisher.publish(&batch).await
    }

    async fn open(&self, spec: SourceSpec) -> Result<RedisSource> {
        spec.check()?;
        RedisSource::open(self.0.clone(), spec).await
    }

    async fn follow(&self, spec: FollowSpec) -> Result<Box<dyn Follower>> {
        Ok(Box::new(RedisFollower::begin(self.0.clone(), spec).await?))
    }

    fn admin(&self) -> RedisAdmin {
        self.0.admin.clone()
    }

    fn partition_of(&self, tenant: &TenantId) -> usize {
        self.0.namespace.partition_of(tenant)
    }

    fn renewal_runtime(&self) -> Option<tokio::runtime::Handle> {
        Some(self.0.renewal.handle().clone())
    }

    fn vitals(&self) -> Vec<(Part, Vital)> {
        vec![(Part::Scheduler, self.0.scheduler.vital())]
    }
}

impl std::fmt::Debug for RedisTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisTransport")
            .field("address", &self.0.commands.server().address())
            .field("namespace", self.0.namespace.name())
            .finish_non_exhaustive()
    }
}
