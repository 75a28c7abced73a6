use crate::error::{Error, ErrorKind, Result};

/// How large and how deep an event may be, and how many may be published in one call.
///
/// Checked at publish and again where an event is read, before anything is decoded.
///
/// ```
/// use tekup_core::Limits;
///
/// let limits = Limits::default();
/// assert_eq!(limits.payload_bytes, 256 * 1024);
/// assert_eq!(limits.depth, 64);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a whole envelope, its data included: 1 to 1 MiB.
    pub payload_bytes: usize,
    /// Bytes of the metadata's names and values.
    pub metadata_bytes: usize,
    /// Events in one call of `publish_batch`.
    pub batch_events: usize,
    /// Arrays and objects inside each other: 1 to 100.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { payload_bytes: 256 * 1024, metadata_bytes: 16 * 1024, batch_events: 1_000, depth: 64 }
    }
}

impl Limits {
    /// Refuses what is larger or deeper than allowed, without decoding it.
    pub(crate) fn check(&self, json: &[u8]) -> Result<()> {
        self.check_size(json.len())?;
        if is_deeper_than(json, self.depth) {
            let message = format!("event's JSON is nested more than {} levels deep: flatten it", self.depth);
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        Ok(())
    }

    pub(crate) fn check_size(&self, bytes: usize) -> Result<()> {
        if bytes > self.payload_bytes {
            let message = format!(
                "event has {bytes} bytes, {} are allowed: store the large part elsewhere and publish where it is",
                self.payload_bytes
            );
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        Ok(())
    }

    pub(crate) fn check_metadata(&self, bytes: usize) -> Result<()> {
        if bytes > self.metadata_bytes {
            let message = format!(
                "metadata has {bytes} bytes, {} are allowed: move what is large into the data",
                self.metadata_bytes
            );
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        Ok(())
    }
}

/// Decoders that skip a value accept any depth, so depth is counted before.
fn is_deeper_than(json: &[u8], depth: usize) -> bool {
    // One cheap pass decides nearly always: fewer brackets than levels can't nest deeper. `[` and `{` differ in one bit.
    // Counted in bytes, 255 at a time, so that the compiler can compare many at once.
    let openings_in = |part: &[u8]| part.iter().map(|byte| u8::from(*byte | 0x20 == b'{')).sum::<u8>();
    let openings: usize = json.chunks(255).map(|part| usize::from(openings_in(part))).sum();
    openings > depth && deepest(json) > depth
}

fn deepest(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_not() {
        let limits = Limits::default();
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(limits.check(nested(64).as_bytes()).is_ok());
        assert_eq!(limits.check(nested(65).as_bytes()).unwrap_err().kind(), ErrorKind::TooLarge);
        assert_eq!(limits.check(nested(10_000).as_bytes()).unwrap_err().kind(), ErrorKind::TooLarge);
        assert!(limits.check(&vec![b' '; limits.payload_bytes]).is_ok());
        assert!(limits.check(&vec![b' '; limits.payload_bytes + 1]).is_err());
    }

    #[test]
    fn brackets_in_strings_and_side_by_side_are_no_depth() {
        let limits = Limits::default();
        assert!(limits.check(format!("[\"{}\"]", "[{".repeat(200)).as_bytes()).is_ok());
        assert!(limits.check(format!("[\"\\\"{}\"]", "[".repeat(200)).as_bytes()).is_ok());
        assert!(limits.check(format!("[{}0]", "[],".repeat(500)).as_bytes()).is_ok());
    }
}
