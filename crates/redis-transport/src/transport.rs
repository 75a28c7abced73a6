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
    /// Lives as long as the transport; a visitor has none.
    scheduler: Option<Scheduler>,
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

    /// Connects as a visitor, to look at a bus or to tend it: joins a namespace that exists, whatever its number of
    /// partitions, and does none of the work that processes of a bus do by themselves, such as publishing events whose time
    /// has come.
    ///
    /// Must be called within a tokio runtime, which then drives the connections.
    ///
    /// # Errors
    /// [`NotFound`](tekup_core::ErrorKind::NotFound) if the namespace does not exist, and it is not made;
    /// [`Incompatible`](tekup_core::ErrorKind::Incompatible) if it stores another format; the others of
    /// [`connect`](Self::connect).
    ///
    /// # Cancel safety
    /// If dropped, nothing is left behind.
    ///
    /// ```
    /// use tekup_core::ErrorKind;
    /// use tekup_redis_transport::{RedisConfig, RedisTransport};
    /// # use tekup_testkit::redis::RedisServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let server = RedisServer::start()?;
    /// let config = RedisConfig::new(server.url()).namespace("shop");
    /// assert_eq!(RedisTransport::visit(&config).await.unwrap_err().kind(), ErrorKind::NotFound);
    ///
    /// RedisTransport::connect(&config.clone().partitions(4)).await?; // a service joins
    /// RedisTransport::visit(&config).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn visit(config: &RedisConfig) -> Result<Self> {
        let (server, commands) = reach(config).await?;
        let namespace = Namespace::find(&commands, NamespaceName::new(&config.namespace)?).await?;
        Self::on(config, server, commands, namespace, Joined::Visitor).await
    }

    pub(crate) fn commands(&self) -> &Connection {
        &self.0.commands
    }

    pub(crate) fn partitions(&self) -> &[PartitionKeys] {
        self.0.partitions()
    }

    async fn with_or_without(config: &RedisConfig, without: Option<Safeguard>) -> Result<Self> {
        let (server, commands) = reach(config).await?;
        let name = NamespaceName::new(&config.namespace)?;
        let namespace = Namespace::open(&commands, name, config.partitions).await?;
        Self::on(config, server, commands, namespace, Joined::Member { without }).await
    }

    async fn on(
        config: &RedisConfig,
        server: Arc<Server>,
        commands: Connection,
        namespace: Namespace,
        joined: Joined,
    ) -> Result<Self> {
        let namespace = Arc::new(namespace);
        let layouts = Arc::new(Layouts::load(commands.clone(), namespace.clone()).await?);
        let (window, limits) = (config.dedupe_window, config.lane_limits());
        let publisher = Publisher::new(commands.clone(), namespace.clone(), layouts.clone(), window, limits);
        let bell = Bell::start(server.clone(), namespace.partitions());
        let (without, scheduler) = match joined {
            Joined::Visitor => (None, None),
            Joined::Member { without } => {
                let limits = (window, limits);
                (without, Some(Scheduler::start(commands.clone(), namespace.clone(), layouts, limits, &bell)))
            }
        };
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

/// As what a process has joined.
enum Joined {
    Member { without: Option<Safeguard> },
    Visitor,
}

/// The server, and a connection on which it has answered.
async fn reach(config: &RedisConfig) -> Result<(Arc<Server>, Connection)> {
    config.check()?;
    let server = Arc::new(Server::new(config)?);
    let commands = Connection::new(server.clone());
    commands.live().await?;
    Ok((server, commands))
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

    fn server(&self) -> Option<(String, Option<u16>)> {
        Some(self.0.commands.server().place())
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
        self.0.scheduler.iter().map(|scheduler| (Part::Scheduler, scheduler.vital())).collect()
    }

    fn reconnects(&self) -> u64 {
        self.0.commands.server().reconnects()
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
