//! How the index of each partition is cut, as last read: shared by all of a process that look for ids.

use std::sync::{Arc, PoisonError, RwLock};

use tekup_core::Result;

use crate::{connection::Connection, index::IndexLayout, namespace::Namespace};

pub(crate) struct Layouts {
    connection: Connection,
    namespace: Arc<Namespace>,
    known: Vec<RwLock<Arc<IndexLayout>>>,
}

impl Layouts {
    pub(crate) async fn load(connection: Connection, namespace: Arc<Namespace>) -> Result<Self> {
        let read = IndexLayout::load_all(&connection, namespace.partitions()).await?;
        let known = read.into_iter().map(|layout| RwLock::new(Arc::new(layout))).collect();
        Ok(Self { connection, namespace, known })
    }

    /// Of a partition that exists.
    pub(crate) fn of(&self, partition: usize) -> Arc<IndexLayout> {
        self.known[partition].read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// After a script has answered `STALE`: the layout was changed, or lost with everything else.
    pub(crate) async fn reload(&self, partition: usize) -> Result<()> {
        self.namespace.restore(&self.connection).await?;
        let layout = IndexLayout::load(&self.connection, &self.namespace.partitions()[partition]).await?;
        *self.known[partition].write().unwrap_or_else(PoisonError::into_inner) = Arc::new(layout);
        Ok(())
    }
}
