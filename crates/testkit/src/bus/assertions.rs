use serde::Serialize;
use serde_json::Value;
use tekup_core::{Event, RawEvent, SubscriptionId, TekupEvent};

use super::{
    DeadLettered, Retried, TestBus,
    diff::{as_on_the_wire, diff, distance, pretty},
    records::{dead_lettered, handled, retried},
};
use crate::fail::fail;

impl TestBus {
    /// All events of a type that were published, in their order.
    ///
    /// # Panics
    /// If one can't be read as the type.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_testkit::TestBus::new("crm")?;
    /// bus.publish(LeadCreated { score: 40.0 }.event("acme")).await?;
    /// let [event] = &bus.published::<LeadCreated>()[..] else { panic!("one was published") };
    /// assert_eq!(event.envelope.tenant.as_str(), "acme");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    #[must_use]
    pub fn published<T: TekupEvent>(&self) -> Vec<Event<T>> {
        self.records.events().iter().filter(|event| event.is::<T>()).map(|event| decoded(event)).collect()
    }

    /// Everything that was published, in its order.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_testkit::TestBus::new("crm")?;
    /// bus.publish(LeadCreated { score: 40.0 }.event("acme")).await?;
    /// assert_eq!(bus.published_raw().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn published_raw(&self) -> Vec<RawEvent> {
        self.records.events()
    }

    /// An event with this data was published; answers the first.
    ///
    /// # Panics
    /// If none was: the message shows how the nearest differs.
    ///
    /// ```should_panic
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_testkit::TestBus::new("crm")?;
    /// bus.publish(LeadCreated { score: 40.0 }.event("acme")).await?;
    /// bus.assert_published(&LeadCreated { score: 40.0 });
    /// bus.assert_published(&LeadCreated { score: 41.0 }); // shows both scores
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn assert_published<T: TekupEvent + Serialize>(&self, data: &T) -> Event<T> {
        let events = self.records.events().into_iter().map(|event| (event, ())).collect();
        let (event, ()) = find(data, events, "published");
        decoded(&event)
    }

    /// No event of a type was published.
    ///
    /// # Panics
    /// If one was: the message shows it.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_testkit::TestBus::new("crm")?;
    /// bus.assert_nothing_published::<LeadCreated>();
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn assert_nothing_published<T: TekupEvent>(&self) {
        let events = self.records.events();
        if let Some(event) = events.iter().find(|event| event.is::<T>()) {
            fail(&format!("`{}` was published, and should not have been:\n{}", T::TYPE, shown(event)));
        }
    }

    /// A subscription, named `<name>` or `<service>/<name>`, has handled an event of this data; one that its filter left
    /// out is not handled.
    ///
    /// # Panics
    /// If it has not: the message shows how the nearest differs.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::{Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_testkit::TestBus::new("crm")?;
    /// bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_, _| ())).await?;
    /// bus.publish(LeadCreated { score: 40.0 }.event("acme")).await?;
    /// bus.until_idle().await;
    /// bus.assert_handled("scoring", &LeadCreated { score: 40.0 });
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn assert_handled<T: TekupEvent + Serialize>(&self, subscription: &str, data: &T) {
        let id = self.subscription(subscription);
        find(data, self.records.ended(&id, handled), &format!("handled by {id}"));
    }

    /// A subscription has put off an event of this data for another attempt; answers the last time that it did.
    ///
    /// # Panics
    /// If it has not: the message shows how the nearest differs.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::{Outcome, Subscription, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_testkit::TestBus::new("crm")?;
    /// bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_, _| Outcome::retry("busy"))).await?;
    /// bus.publish(LeadCreated { score: 40.0 }.event("acme")).await?;
    /// bus.until_idle().await;
    /// assert_eq!(bus.assert_retried("scoring", &LeadCreated { score: 40.0 }).failures, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn assert_retried<T: TekupEvent + Serialize>(&self, subscription: &str, data: &T) -> Retried {
        let id = self.subscription(subscription);
        let mut ended = self.records.ended(&id, retried);
        ended.reverse();
        find(data, ended, &format!("retried by {id}")).1
    }

    /// A subscription has given up an event of this data; answers why.
    ///
    /// # Panics
    /// If it has not: the message shows how the nearest differs.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use tekup_core::{Outcome, Subscription, TekupEvent, transport::DeadReason};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = tekup_testkit::TestBus::new("crm")?;
    /// let scoring = Subscription::to::<LeadCreated>("scoring");
    /// bus.subscribe(scoring.handler(async |_, _| Outcome::dead_letter("no such lead"))).await?;
    /// bus.publish(LeadCreated { score: 40.0 }.event("acme")).await?;
    /// bus.until_idle().await;
    /// let dead = bus.assert_dead_lettered("scoring", &LeadCreated { score: 40.0 });
    /// assert_eq!((dead.reason, dead.error.as_str()), (DeadReason::Rejected, "no such lead"));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn assert_dead_lettered<T: TekupEvent + Serialize>(&self, subscription: &str, data: &T) -> DeadLettered {
        let id = self.subscription(subscription);
        find(data, self.records.ended(&id, dead_lettered), &format!("dead-lettered by {id}")).1
    }

    /// Nothing was ever given up, by whichever subscription.
    ///
    /// # Panics
    /// If something was: the message says what, and why.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// tekup_testkit::TestBus::new("crm")?.assert_no_dead_letters();
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn assert_no_dead_letters(&self) {
        let dead = self.records.dead();
        let lines = dead.iter().map(|(settled, why)| {
            format!(
                "  {} by {}: {} after {} attempts: {}",
                settled.id, settled.subscription, why.reason, why.attempts, why.error
            )
        });
        if !dead.is_empty() {
            fail(&format!("{} events were given up:\n{}", dead.len(), lines.collect::<Vec<_>>().join("\n")));
        }
    }

    #[track_caller]
    fn subscription(&self, name: &str) -> SubscriptionId {
        let full = if name.contains('/') { name.to_owned() } else { format!("{}/{name}", self.service()) };
        full.parse().unwrap_or_else(|error| fail(&format!("{error}")))
    }
}

/// The first event with this data, or the end of the test with the nearest one.
#[track_caller]
fn find<T: TekupEvent + Serialize, U>(data: &T, events: Vec<(RawEvent, U)>, done: &str) -> (RawEvent, U) {
    let wanted = match written(data) {
        Ok(wanted) => wanted,
        Err(error) => fail(&format!("the wanted `{}` can't be written: {error}", T::TYPE)),
    };
    let (of_type, others): (Vec<_>, Vec<_>) = events.into_iter().partition(|(event, _)| event.is::<T>());
    let count = of_type.len();
    let nearest = of_type.into_iter().min_by_key(|(event, _)| distance(&wanted, &data_of(event)));
    match nearest {
        Some(found) if data_of(&found.0) == wanted => found,
        Some((event, _)) => {
            let difference = diff(&wanted, &data_of(&event));
            let id = event.envelope().id;
            fail(&format!(
                "no `{}` with this data was {done}. Of {count} of its type, {id} is nearest (- wanted, + there):\n{difference}",
                T::TYPE
            ))
        }
        None => {
            let types: std::collections::BTreeSet<_> =
                others.iter().map(|(event, _)| &event.envelope().event_type).collect();
            let types: Vec<_> = types.into_iter().map(ToString::to_string).collect();
            let instead =
                if types.is_empty() { "nothing was".to_owned() } else { format!("there are {}", types.join(", ")) };
            fail(&format!("no `{}` was {done} ({instead}). Wanted:\n{}", T::TYPE, pretty(&wanted)))
        }
    }
}

/// As text and back: a `Value` made directly of an `f32` holds digits that the wire never shows.
fn written(data: &impl Serialize) -> serde_json::Result<Value> {
    let text = serde_json::to_string(data)?;
    serde_json::from_str(&text).map(as_on_the_wire)
}

fn data_of(event: &RawEvent) -> Value {
    as_on_the_wire(serde_json::from_str(event.json()).unwrap_or_default())
}

fn shown(event: &RawEvent) -> String {
    format!("{} of {}: {}", event.envelope().id, event.envelope().tenant, pretty(&data_of(event)))
}

#[track_caller]
fn decoded<T: TekupEvent>(event: &RawEvent) -> Event<T> {
    event.decode().unwrap_or_else(|error| fail(&format!("{} is no `{}`: {error}", event.envelope().id, T::TYPE)))
}
