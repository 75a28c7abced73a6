//! What a source does when the bell rings: it notes what to look at, and wakes whoever waits.

use std::sync::atomic::Ordering::Relaxed;

use super::{
    Inner,
    bell::{Ear, Ring},
};

impl Ear for Inner {
    fn hear(&self, partition: usize, ring: &Ring<'_>) {
        let Some(flags) = self.flags.get(partition) else { return };
        match ring {
            Ring::Lanes(numbers) => self.hear_lanes(partition, numbers),
            Ring::NewLane => {
                flags.learn.store(true, Relaxed);
                self.wake.notify_one();
            }
            Ring::Gone(numbers) => {
                if self.reads_any(partition, numbers) {
                    self.note_lost();
                }
            }
            Ring::Remade(group) if *group == self.group => self.note_lost(),
            Ring::Due(group) if *group == self.group => {
                flags.due.store(true, Relaxed);
                self.wake_keeper.notify_one();
            }
            Ring::Released(group) if *group == self.group => {
                flags.released.store(true, Relaxed);
                self.wake.notify_one();
            }
            Ring::Retry(group) if *group == self.group => {
                self.heat_retry(partition);
                self.wake.notify_one();
            }
            Ring::State(group) if *group == self.group => self.wake_state.notify_one(),
            Ring::Removed(group) if *group == self.group => {
                self.note_counted(None);
                self.note_lost();
            }
            // What it alone had not settled may be trimmed now.
            Ring::Removed(_) => self.lanes.read().of_partition(partition).for_each(|(_, lane)| lane.mark_dirty()),
            Ring::Remade(_) | Ring::Scheduled | Ring::Due(_) | Ring::Released(_) | Ring::Retry(_) | Ring::State(_) => {}
        }
    }

    fn look_everywhere(&self) {
        for flags in &self.flags {
            flags.learn.store(true, Relaxed);
            flags.released.store(true, Relaxed);
            flags.due.store(true, Relaxed);
        }
        self.heat_all();
        self.wake.notify_one();
        self.wake_keeper.notify_one();
        self.wake_state.notify_one();
    }
}

impl Inner {
    fn hear_lanes(&self, partition: usize, numbers: &[u32]) {
        let lanes = self.lanes.read();
        let mut any = false;
        for number in numbers {
            match lanes.numbered(partition, *number) {
                Some(Some(lane)) => {
                    lane.set_hot(true);
                    if self.shared.limits.length > 0 {
                        lane.mark_dirty();
                    }
                    any = true;
                }
                Some(None) => {}
                None => {
                    if let Some(flags) = self.flags.get(partition) {
                        flags.learn.store(true, Relaxed);
                    }
                    any = true;
                }
            }
        }
        if any {
            self.wake.notify_one();
        }
    }

    fn reads_any(&self, partition: usize, numbers: &[u32]) -> bool {
        let lanes = self.lanes.read();
        numbers.iter().any(|number| matches!(lanes.numbered(partition, *number), Some(Some(_))))
    }

    /// The next to read makes it anew, or tells of it if somebody else has.
    fn note_lost(&self) {
        self.lost.store(true, Relaxed);
        self.wake.notify_one();
    }

    pub(super) fn heat_retry(&self, partition: usize) {
        if let Some(lane) = self.lanes.read().get(partition) {
            lane.set_hot(true);
        }
    }

    pub(super) fn heat_all(&self) {
        self.lanes.read().all().iter().for_each(|lane| lane.set_hot(true));
    }
}
