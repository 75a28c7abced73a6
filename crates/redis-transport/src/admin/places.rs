//! The lanes that a subscription has to do with: of thousands it may take a few.

use redis::Value;
use tekup_core::Result;

use super::{
    RedisAdmin,
    snapshot::{Registered, Snapshot},
};

/// The most lanes that one command asks about.
const AT_ONCE: usize = 500;

/// A lane in which a subscription is, or was.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) number: u32,
    /// `<type>:<priority>`
    pub(super) name: String,
    /// Whether it takes it no more, and has settled all that was there.
    pub(super) has_left: bool,
}

impl RedisAdmin {
    /// Those that it takes, and of the others those in which it began once: a command for every 500 of the others, all in
    /// one round trip. All others, if it was lost who began where.
    pub(super) async fn places_of(
        &self,
        subscription: &Registered,
        partition: usize,
        snapshot: &Snapshot,
    ) -> Result<Vec<Place>> {
        let place = |number: &u32, name: &String, has_left| Place { number: *number, name: name.clone(), has_left };
        let (taken, others): (Vec<_>, Vec<_>) =
            snapshot.lanes.iter().partition(|(_, name)| snapshot.is_taken(subscription, name));
        let mut places: Vec<Place> = taken.into_iter().map(|(number, name)| place(number, name, false)).collect();
        if others.is_empty() {
            return Ok(places);
        }
        let (starts, id) = (self.keys(partition)?.starts(), &subscription.id);
        let mut calls = redis::pipe();
        calls.cmd("HMGET").arg(&starts).arg("~since");
        for lanes in others.chunks(AT_ONCE) {
            let call = calls.cmd("HMGET").arg(&starts);
            for (number, _) in lanes {
                call.arg(format!("{id}\n{number}")).arg(format!("{id}\n{number}\nleft"));
            }
        }
        let answers: Vec<Vec<Value>> = self.ask_all("where a subscription began", calls).await?;
        let mut is_there = answers.into_iter().flatten().map(|value| value != Value::Nil);
        let is_whole = is_there.next() == Some(true);
        for (number, name) in others {
            let (began, has_left) = (is_there.next() == Some(true), is_there.next() == Some(true));
            if began || !is_whole {
                places.push(place(number, name, has_left));
            }
        }
        Ok(places)
    }
}
