//! What was fixed when the namespace was created, and the partitions that follow from it.

use tekup_core::{Error, ErrorKind, Result, SubscriptionId, TenantId};

use crate::{
    connection::Connection,
    error,
    index::IndexLayout,
    keys::{NamespaceName, PartitionKeys},
    partition, scripts,
};

/// The version of the data layout that this code reads and writes.
const FORMAT: u32 = 2;

/// A namespace that exists on the server, with the partitions that all its processes agree on.
#[derive(Debug, Clone)]
pub(crate) struct Namespace {
    name: NamespaceName,
    /// Of the partitions, as stored.
    tags: String,
    partitions: Vec<PartitionKeys>,
}

impl Namespace {
    /// Joins a namespace; creates it if it is new. Of several processes that create it at once, one does.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a number of partitions out of range, [`ErrorKind::Incompatible`] if the namespace
    /// was created with another one, or by a version that stores another format.
    pub(crate) async fn open(connection: &Connection, name: NamespaceName, partitions: u16) -> Result<Self> {
        if !(1..=partition::MOST).contains(&partitions) {
            let message = format!("{partitions} partitions are refused: use 1 to {}, 8 if unsure", partition::MOST);
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        let stored =
            Record::create_or_read(connection, &name, partitions, &partition::tags(partitions).join(",")).await?;
        Self::of(connection, name, stored, partitions).await
    }

    /// Joins a namespace that exists, with as many partitions as it has.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is none, [`ErrorKind::Incompatible`] if it was created by a version that stores
    /// another format.
    pub(crate) async fn find(connection: &Connection, name: NamespaceName) -> Result<Self> {
        let stored = Record::read(connection, &name).await?;
        if stored.is_absent() {
            let message = format!(
                "there is no bus in namespace `{name}`: name another one, or start a service, which makes it when it joins"
            );
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        let partitions = stored.partitions.parse().unwrap_or_default();
        Self::of(connection, name, stored, partitions).await
    }

    async fn of(connection: &Connection, name: NamespaceName, stored: Record, partitions: u16) -> Result<Self> {
        let tags = stored.tags(&name, partitions)?;
        let partitions: Vec<_> = tags.iter().map(|tag| PartitionKeys::new(&name, tag)).collect();
        IndexLayout::load_all(connection, &partitions).await?;
        Ok(Self { name, partitions, tags: stored.tags })
    }

    /// Writes the record again if it was lost, as by `FLUSHALL`, so that no process joins with another number of
    /// partitions.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`] if another process has done that meanwhile.
    pub(crate) async fn restore(&self, connection: &Connection) -> Result<()> {
        let stored = Record::read(connection, &self.name).await?;
        if stored.tags == self.tags {
            return Ok(());
        }
        let partitions = u16::try_from(self.partitions.len()).unwrap_or(u16::MAX);
        let stored = Record::create_or_read(connection, &self.name, partitions, &self.tags).await?;
        stored.tags(&self.name, partitions)?;
        if stored.tags == self.tags {
            return Ok(());
        }
        let message = format!("namespace `{}` was lost and made anew with other tags: restart this process", self.name);
        Err(incompatible(message))
    }

    pub(crate) fn name(&self) -> &NamespaceName {
        &self.name
    }

    /// At least one.
    pub(crate) fn partitions(&self) -> &[PartitionKeys] {
        &self.partitions
    }

    /// The number of the tenant's partition: a valid index into [`partitions`](Self::partitions).
    pub(crate) fn partition_of(&self, tenant: &TenantId) -> usize {
        partition::of(tenant, self.partitions.len())
    }

    /// The number of the partition that holds what a subscription has only once: a valid index, too.
    pub(crate) fn home_of(&self, subscription: &SubscriptionId) -> usize {
        partition::of_name(&subscription.to_string(), self.partitions.len())
    }
}

/// The stored record, as text.
struct Record {
    format: String,
    partitions: String,
    tags: String,
}

impl Record {
    async fn create_or_read(
        connection: &Connection,
        name: &NamespaceName,
        partitions: u16,
        tags: &str,
    ) -> Result<Self> {
        let mut call = scripts::NAMESPACE.call(1);
        call.arg(name.record()).arg(FORMAT).arg(partitions).arg(tags);
        let stored = redis::from_redis_value(connection.one(call).await?);
        let (format, partitions, tags) = stored.map_err(|_| error::unexpected("the record of the namespace"))?;
        Ok(Self { format, partitions, tags })
    }

    /// As it is, with empty fields if there is none.
    async fn read(connection: &Connection, name: &NamespaceName) -> Result<Self> {
        let mut ask = redis::cmd("HMGET");
        ask.arg(name.record()).arg("format").arg("partitions").arg("tags");
        let stored = redis::from_redis_value(connection.one(ask).await?);
        let fields: [Option<String>; 3] = stored.map_err(|_| error::unexpected("the record of the namespace"))?;
        let [format, partitions, tags] = fields.map(Option::unwrap_or_default);
        Ok(Self { format, partitions, tags })
    }

    fn is_absent(&self) -> bool {
        [&self.format, &self.partitions, &self.tags].iter().all(|field| field.is_empty())
    }

    /// The stored tags, if this process may join.
    fn tags(&self, name: &NamespaceName, partitions: u16) -> Result<Vec<&str>> {
        let Self { format, partitions: stored, .. } = self;
        if *format != FORMAT.to_string() {
            return Err(incompatible(format!(
                "namespace `{name}` stores format `{}` and this version reads format {FORMAT}: run the version that wrote it, or use another namespace",
                format.escape_debug()
            )));
        }
        if *stored != partitions.to_string() {
            return Err(incompatible(format!(
                "namespace `{name}` has {} partitions and {partitions} are configured: configure the stored number, or use another namespace",
                stored.escape_debug()
            )));
        }
        let tags: Vec<&str> = self.tags.split(',').collect();
        if tags.len() != usize::from(partitions) || !tags.iter().all(|tag| is_tag(tag)) {
            return Err(incompatible(format!(
                "namespace `{name}` has a damaged list of tags: restore key `{}`",
                name.record()
            )));
        }
        Ok(tags)
    }
}

/// A tag that opened or closed braces would spread a partition over slots.
fn is_tag(tag: &str) -> bool {
    !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || ":._-".contains(c))
}

fn incompatible(message: String) -> Error {
    Error::new(ErrorKind::Incompatible, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Server;

    fn name() -> NamespaceName {
        NamespaceName::new("tekup").unwrap()
    }

    #[tokio::test]
    async fn processes_that_create_a_namespace_at_once_agree_on_it() {
        let server = Server::start().await;
        let open = async |partitions| Namespace::open(&server.connection(), name(), partitions).await;
        let opened = futures_util::future::join_all([4, 5, 4, 5, 4, 5].map(open)).await;
        let joined: Vec<usize> = opened.iter().flatten().map(|namespace| namespace.partitions().len()).collect();
        assert_eq!(joined.len(), 3, "{opened:?}");
        assert!(joined.iter().all(|partitions| *partitions == joined[0]));
        let refused = opened.iter().filter_map(|opened| opened.as_ref().err());
        assert!(refused.map(Error::kind).all(|kind| kind == ErrorKind::Incompatible));
    }

    #[tokio::test]
    async fn every_partition_of_a_new_namespace_has_an_index_layout() {
        let server = Server::start().await;
        let connection = server.connection();
        let namespace = Namespace::open(&connection, name(), 3).await.unwrap();
        for keys in namespace.partitions() {
            let slices: String = redis::cmd("HGET")
                .arg(keys.lanes())
                .arg("~slices")
                .query_async(&mut server.connect().await)
                .await
                .unwrap();
            assert_eq!(slices, "0:1");
        }
    }

    #[tokio::test]
    async fn an_index_layout_that_was_changed_is_kept() {
        let server = Server::start().await;
        let connection = server.connection();
        let namespace = Namespace::open(&connection, name(), 1).await.unwrap();
        let keys = &namespace.partitions()[0];
        let mut set = redis::cmd("HSET");
        set.arg(keys.lanes()).arg("~layout").arg(2).arg("~slices").arg("0:64,4000000000000:8");
        set.exec_async(&mut server.connect().await).await.unwrap();
        Namespace::open(&connection, name(), 1).await.unwrap();
        let layout = IndexLayout::load(&connection, keys).await.unwrap();
        assert_eq!((layout.version(), layout.slices_text().as_str()), (2, "0:64,4000000000000:8"));
    }

    #[tokio::test]
    async fn another_partition_count_is_refused_with_both_and_what_to_do() {
        let server = Server::start().await;
        let connection = server.connection();
        Namespace::open(&connection, name(), 4).await.unwrap();
        let error = Namespace::open(&connection, name(), 8).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incompatible);
        let message = error.to_string();
        assert!(message.contains("has 4 partitions and 8 are configured: configure the stored number"), "{message}");
    }

    #[tokio::test]
    async fn a_namespace_that_exists_is_found_with_its_own_partitions_and_one_that_does_not_is_not_made() {
        let server = Server::start().await;
        let connection = server.connection();
        let error = Namespace::find(&connection, name()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        let made = Namespace::open(&connection, name(), 3).await.unwrap();
        let found = Namespace::find(&connection, name()).await.unwrap();
        assert_eq!((found.partitions().len(), found.tags), (3, made.tags));
    }

    #[tokio::test]
    async fn a_damaged_record_is_told_and_left_as_it_is() {
        let server = Server::start().await;
        let connection = server.connection();
        let mut damage = redis::cmd("HSET");
        damage.arg(name().record()).arg("format").arg(FORMAT).arg("partitions").arg("many").arg("tags").arg("s:0");
        damage.exec_async(&mut server.connect().await).await.unwrap();
        assert_eq!(Namespace::find(&connection, name()).await.unwrap_err().kind(), ErrorKind::Incompatible);
    }

    #[test]
    fn a_record_that_this_version_cannot_read_is_refused() {
        let table = [
            ("1", "2", "s:0.1,s:1.2", "stores format `1`"),
            ("", "", "", "stores format ``"),
            ("2", "2", "s:0.1", "damaged list of tags"),
            ("2", "2", "s:0.1,}x{", "damaged list of tags"),
            ("2", "2", "s:0.1,", "damaged list of tags"),
        ];
        for (format, partitions, tags, broken) in table {
            let record = Record { format: format.into(), partitions: partitions.into(), tags: tags.into() };
            let error = record.tags(&name(), 2).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Incompatible);
            assert!(error.to_string().contains(broken), "{error}");
        }
    }

    #[tokio::test]
    async fn a_number_of_partitions_out_of_range_is_refused() {
        let server = Server::start().await;
        let connection = server.connection();
        for partitions in [0, 257] {
            let error = Namespace::open(&connection, name(), partitions).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        }
    }
}
