use std::collections::{HashSet, VecDeque};

use super::{
    Alternatives, Demand, Mismatch, ROOT, Verdicts, parts,
    parts::Part,
    verdicts::{Pair, pair},
};
use crate::shape::Shape;

/// All places at which the reader may fail, those that lie less deep first.
pub(super) fn mismatches(verdicts: &mut Verdicts<'_>) -> Vec<Mismatch> {
    let whole = Part { at: ROOT.into(), demand: Demand::Read(vec![&verdicts.writer.root], &verdicts.reader.root) };
    let mut telling = Telling { verdicts, told: HashSet::new(), next: VecDeque::from([whole]), found: Vec::new() };
    while let Some(part) = telling.next.pop_front()
        && telling.verdicts.gave_up().is_none()
    {
        telling.tell(part);
    }
    telling.found
}

struct Telling<'v, 'a> {
    verdicts: &'v mut Verdicts<'a>,
    /// Pairs that were told at another place already.
    told: HashSet<Pair>,
    /// What is still to be told, at its whole path.
    next: VecDeque<Part<'a>>,
    found: Vec<Mismatch>,
}

impl<'a> Telling<'_, 'a> {
    fn tell(&mut self, Part { at: path, demand }: Part<'a>) {
        let (written, read) = match demand {
            Demand::Fails(why) => return self.found.push(Mismatch { path, why }),
            Demand::Read(written, read) => self.verdicts.alternatives(&written, read),
        };
        for one in written.of {
            if !self.verdicts.is_taken(one, &read) {
                self.not_taken(one, &read, &path);
            }
        }
    }

    /// The nearest of the reader's choices says why.
    fn not_taken(&mut self, written: &'a Shape, read: &Alternatives<'a>, path: &str) {
        let Some((nearest, failing)) = self.nearest(written, read) else {
            let why = format!("it takes {read}, and {written} is written");
            return self.found.push(Mismatch { path: path.into(), why });
        };
        if self.told.insert(pair(written, nearest)) {
            self.next.extend(failing.into_iter().map(|part| Part { at: format!("{path}{}", part.at), ..part }));
        }
    }

    /// The only one, or that of which the fewest parts fail, if it is not the whole that does.
    fn nearest(&mut self, written: &'a Shape, read: &Alternatives<'a>) -> Option<(&'a Shape, Vec<Part<'a>>)> {
        if let [only] = read.of[..] {
            return Some((only, self.failing(written, only)));
        }
        let each = read.of.iter().map(|one| (*one, self.failing(written, one)));
        let inside = each.filter(|(_, failing)| failing.iter().all(|part| !part.at.is_empty()));
        inside.min_by_key(|(_, failing)| failing.len())
    }

    fn failing(&mut self, written: &'a Shape, read: &'a Shape) -> Vec<Part<'a>> {
        parts(written, read).into_iter().filter(|part| !self.verdicts.holds(part)).collect()
    }
}
