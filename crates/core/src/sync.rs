//! Locks that no panic can poison for good.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a mutex guards here is whole between any two statements, so a panic elsewhere does no harm.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
