use std::{collections::HashSet, ptr::from_ref};

use super::{
    Alternatives, Demand, parts,
    parts::Part,
    plain::{is_a_text, is_plain_read},
};
use crate::shape::{Document, Shape};

/// The deepest nesting that is compared.
const DEEPEST: usize = 256;

/// The most pairs of shapes that are looked at: a few seconds.
const MOST_STEPS: usize = 10_000_000;

/// Whether one shape is read by another. No pair of lists or objects is looked at twice, however often it is met.
pub(super) struct Verdicts<'a> {
    pub(super) writer: &'a Document,
    pub(super) reader: &'a Document,
    /// Pairs that are not read. Assumptions only ever help, so what fails under one fails without it.
    failed: HashSet<Pair>,
    /// Pairs that are taken to be read: those that are being looked at, so that types that hold themselves come to an end,
    /// and those that were found to be.
    read: HashSet<Pair>,
    /// The same, in the order in which they were begun.
    begun: Vec<Pair>,
    depth: usize,
    steps: usize,
    gave_up: Option<&'static str>,
}

/// Shapes, by where they lie: both documents stay where they are.
pub(super) type Pair = (*const Shape, *const Shape);

pub(super) fn pair(written: &Shape, read: &Shape) -> Pair {
    (from_ref(written), from_ref(read))
}

impl<'a> Verdicts<'a> {
    pub(super) fn of(writer: &'a Document, reader: &'a Document) -> Self {
        let (failed, read) = (HashSet::new(), HashSet::new());
        Self { writer, reader, failed, read, begun: Vec::new(), depth: 0, steps: 0, gave_up: None }
    }

    /// Why no verdict counts, if there was too much to be compared.
    pub(super) fn gave_up(&self) -> Option<&'static str> {
        self.gave_up
    }

    pub(super) fn holds(&mut self, part: &Part<'a>) -> bool {
        let Demand::Read(written, read) = &part.demand else { return false };
        let (written, read) = self.alternatives(written, read);
        written.of.iter().all(|one| self.is_taken(one, &read))
    }

    pub(super) fn alternatives(&self, written: &[&'a Shape], read: &'a Shape) -> (Alternatives<'a>, Alternatives<'a>) {
        (Alternatives::of(written.iter().copied(), self.writer), Alternatives::of([read], self.reader))
    }

    /// One of the reader's choices must take it.
    pub(super) fn is_taken(&mut self, written: &'a Shape, read: &Alternatives<'a>) -> bool {
        let is_kept = read.keeps_unknown && is_a_text(written);
        is_kept || read.of.iter().any(|one| self.is_read(written, one))
    }

    fn is_read(&mut self, written: &'a Shape, read: &'a Shape) -> bool {
        if !self.goes_on() {
            return false;
        }
        match (written, read) {
            (Shape::List(_), Shape::List(_)) | (Shape::Record(_), Shape::Record(_)) => {
                self.are_parts_read(written, read)
            }
            _ => is_plain_read(written, read),
        }
    }

    fn are_parts_read(&mut self, written: &'a Shape, read: &'a Shape) -> bool {
        let pair = pair(written, read);
        if self.failed.contains(&pair) {
            return false;
        }
        if !self.read.insert(pair) {
            return true;
        }
        let before = self.begun.len();
        self.begun.push(pair);
        self.depth += 1;
        let is_read = parts(written, read).iter().all(|part| self.holds(part));
        self.depth -= 1;
        if !is_read {
            self.forget(before);
            self.failed.insert(pair);
        }
        is_read
    }

    /// What was found since a pair was begun may have been found only because that pair was taken to be read.
    fn forget(&mut self, before: usize) {
        for pair in self.begun.drain(before..) {
            self.read.remove(&pair);
        }
    }

    fn goes_on(&mut self) -> bool {
        self.steps += 1;
        if self.depth > DEEPEST {
            self.gave_up = Some("it is nested too deep to be compared: give it fewer levels");
        }
        if self.steps > MOST_STEPS {
            self.gave_up = Some("it has too many choices to be compared: give it fewer, one inside the other");
        }
        self.gave_up.is_none()
    }
}
