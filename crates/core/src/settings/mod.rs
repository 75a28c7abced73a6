//! Where settings come from: flags, the environment, a file and defaults, of which the nearest wins.
//!
//! A [`Part`] is a struct with a list of its [`Setting`]s. What is read and refused, what is shown and with which origin, and
//! the table in the documents all follow from that list. [`Sources`] hold what flags, variables and a file say, and give
//! each part its values. Core parses no file, for it knows no format: `tekup_redis_transport::sources` does.
//!
//! ```
//! use tekup_core::{BusConfig, Environment, settings::Sources};
//!
//! let environment = Environment::of([("SERVICE_NAME", "billing"), ("EVENT_BUS_CONCURRENCY", "10")]);
//! let mut sources = Sources::of(&environment).flag("--concurrency", "concurrency", Some(20));
//! let bus: BusConfig = sources.part();
//! assert_eq!((bus.service_name.as_str(), bus.concurrency), ("billing", 20));
//! let told = sources.finish()?;
//! assert_eq!(told[0].to_string(), "serviceName = billing (environment SERVICE_NAME)");
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod nearest;
mod origin;
mod part;
mod secret;
mod setting;
mod sources;
mod takes;
pub(crate) mod unknown;
mod value;

pub use origin::{Origin, Told};
pub use part::Part;
pub use setting::Setting;
pub use sources::{Entry, Sources};
pub use takes::{Rule, Takes};
pub use value::Value;

/// The variable that names the file of settings.
pub const FILE: &str = "EVENT_BUS_CONFIG";
