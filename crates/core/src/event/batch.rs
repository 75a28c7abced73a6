use serde::Serialize;

use super::{Draft, TekupEvent};
use crate::{
    envelope::Metadata,
    error::{Problems, Result},
    ids::EventId,
    timestamp::Timestamp,
};

/// Drafts that belong together, such as the rows of one import: each says so in its metadata.
///
/// Each has the batch's own fields, and then those of the TypeScript package: `batchId`, `batchSequence` (from 0),
/// `batchSize` and `batchTimestamp`. A draft keeps its other fields; one of the same name gives way to the batch's.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventBatch, EventBus, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("crm")?;
/// let leads = [50.0, 75.0].map(|score| LeadCreated { score }.event("acme"));
/// let import = EventBatch::of(leads).metadata("batchType", "lead_import").metadata("source", "csv_upload");
/// for result in bus.publish_batch(import).await? {
///     result?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a batch does nothing until it is published"]
pub struct EventBatch<T> {
    drafts: Vec<Draft<T>>,
    id: String,
    timestamp: Timestamp,
    metadata: Metadata,
    problems: Problems,
}

impl<T: TekupEvent> EventBatch<T> {
    /// A batch of these, in their order, under a new id.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBatch, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let batch = EventBatch::of([LeadCreated {}.event("acme"), LeadCreated {}.event("acme")]);
    /// for (number, draft) in batch.into_iter().enumerate() {
    ///     let metadata = draft.build()?.envelope.metadata;
    ///     assert_eq!(metadata.get::<usize>("batchSequence")?, Some(number));
    ///     assert_eq!(metadata.get::<usize>("batchSize")?, Some(2));
    /// }
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn of(drafts: impl IntoIterator<Item = Draft<T>>) -> Self {
        Self {
            drafts: drafts.into_iter().collect(),
            id: EventId::generate().to_string(),
            timestamp: Timestamp::now(),
            metadata: Metadata::default(),
            problems: Problems::default(),
        }
    }

    /// A field of every event's metadata. What can't be written as JSON is a mistake of each event.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBatch, TekupEvent};
    /// # #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let batch = EventBatch::of([LeadCreated {}.event("acme")]).metadata("ratio", f64::NAN);
    /// assert!(batch.into_iter().all(|draft| draft.build().is_err()));
    /// ```
    pub fn metadata(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let inserted = self.metadata.insert(name, value);
        self.problems.keep(inserted);
        self
    }

    /// What the events have as their `batchId`: a UUID.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBatch, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let batch = EventBatch::of([LeadCreated {}.event("acme")]);
    /// println!("importing batch {}", batch.id());
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn fields(&self, sequence: usize) -> Result<Metadata> {
        let mut fields = self.metadata.clone();
        fields.insert("batchId", &self.id)?;
        fields.insert("batchSequence", sequence)?;
        fields.insert("batchSize", self.drafts.len())?;
        fields.insert("batchTimestamp", self.timestamp)?;
        Ok(fields)
    }
}

impl<T: TekupEvent> IntoIterator for EventBatch<T> {
    type Item = Draft<T>;
    type IntoIter = std::vec::IntoIter<Draft<T>>;

    fn into_iter(mut self) -> Self::IntoIter {
        let fields: Vec<_> = (0..self.drafts.len()).map(|sequence| self.fields(sequence)).collect();
        let problems = std::mem::take(&mut self.problems);
        let drafts = std::mem::take(&mut self.drafts);
        let marked: Vec<_> =
            drafts.into_iter().zip(fields).map(|(draft, fields)| draft.with_fields(fields, &problems)).collect();
        marked.into_iter()
    }
}
