//! The program beside a bus that runs on a real Redis server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests")]

mod auditing;
mod captures;
mod demo;
mod deployed;
mod doctor;
mod events;
mod letters;
mod logins;
mod publishing;
mod servers;
mod serving;
mod subscriptions;
mod tailing;
mod terminal;
mod top;
mod world;
