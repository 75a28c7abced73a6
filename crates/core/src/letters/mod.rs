//! Dead letters chosen by what they are: counted, replayed and purged by filter, and published again with other data.
//!
//! A [`LetterFilter`] says which letters are meant, [`DeadLetters::filter`](crate::DeadLetters::filter) makes
//! [`SelectedLetters`] of it. To replay or purge them is a [`LetterJob`]: many small steps, at a rate, with its progress
//! told, which can be stopped between any two of them.
//!
//! ```
//! # use serde::{Deserialize, Serialize};
//! use tekup_core::{EventBus, Outcome, Subscription, TekupEvent, letters::LetterFilter};
//! # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
//! # struct LeadCreated { score: f64 }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> tekup_core::Result<()> {
//! # let bus = EventBus::in_memory("crm")?;
//! # let scoring = Subscription::to::<LeadCreated>("scoring").handler(async |_, _| Outcome::dead_letter("no table"));
//! # bus.subscribe(scoring).await?;
//! # bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
//! # let all = bus.dead_letters("crm/scoring")?;
//! # while all.count().await? == 0 {
//! #     tokio::task::yield_now().await;
//! # }
//! let no_table = LetterFilter::new().event_type("lead.*").error_contains("no table");
//! let dead = bus.dead_letters("crm/scoring")?.filter(no_table);
//! println!("{} letters", dead.count().await?);
//! let progress = dead.replay().per_second(50.0).await?;
//! assert_eq!((progress.matched, progress.done), (1, 1));
//! # bus.shutdown().await
//! # }
//! ```

mod edit;
mod filter;
mod hold;
mod job;
mod pace;
mod progress;
mod running;
mod selected;

pub use edit::{Edit, Edited};
pub use filter::LetterFilter;
pub use job::LetterJob;
pub use progress::{LetterProgress, Refusal};
pub use running::RunningLetterJob;
pub use selected::SelectedLetters;
