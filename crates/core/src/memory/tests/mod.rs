//! Behaviour at the seam.
