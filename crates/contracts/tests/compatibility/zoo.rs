//! One of each kind of type: an event that nobody changed breaks nobody.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    marker::PhantomData,
    net::IpAddr,
    num::{NonZeroI32, NonZeroU8},
    ops::{Bound, Range, RangeInclusive},
    time::{Duration, SystemTime},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use tekup_contracts::{Contract, Mode, compatibility};
use tekup_core::{TekupEvent, Timestamp, UnknownValue};

macro_rules! types {
    ($($(#[$attribute:meta])* $name:ident { $($fields:tt)* })*) => {
        /// Each of them, with its name.
        fn zoo() -> Vec<(&'static str, Contract)> {
            vec![$({
                #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
                #[event(type = "row.changed")]
                $(#[$attribute])*
                struct $name { $($fields)* }
                (stringify!($name), Contract::of("sales", &$name::descriptor()))
            }),*]
        }
    };
}

macro_rules! parts {
    ($($part:item)*) => {$(
        #[derive(Serialize, Deserialize, JsonSchema, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $part
    )*};
}

parts! {
    struct Part { name: String, #[serde(default)] note: Option<String> }
    struct Unit;
    struct Id(String);
    struct Both(String, u32);
    enum Kind { Hot, Cold }
    #[serde(rename_all = "camelCase")]
    enum Told {
        /// By day.
        Hot,
        /// By night.
        Cold,
    }
    enum Open { Hot, #[serde(untagged)] Unknown(UnknownValue) }
    enum ByName { Person { name: String }, Held(Part), Pair(String, u32), Nobody }
    #[serde(tag = "kind")]
    enum Within { Person { name: String }, Held(Part), Unit(Unit), Deep { next: Option<Box<Within>> }, Nobody }
    #[serde(tag = "kind", deny_unknown_fields)]
    enum Strict { Person { name: String }, Nobody }
    #[serde(tag = "kind", content = "of")]
    enum Beside { Person { name: String }, Held(Part), Pair(String, u32), Nobody }
    #[serde(untagged)]
    enum Untold { Number(i64), Text(String), Held(Part), Many(Vec<Untold>) }
    #[serde(deny_unknown_fields)]
    struct Closed { name: String }
    struct Node { name: String, children: Vec<Node> }
    struct Chain { next: Option<Box<Chain>> }
}

/// What no check can understand: a schema that its author wrote.
#[derive(Serialize, Deserialize)]
struct Odd(u32);

impl JsonSchema for Odd {
    fn schema_name() -> Cow<'static, str> {
        "Odd".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "not": {"multipleOf": 2}})
    }
}

types! {
    Nothing {}
    Flag { held: bool }
    Empty { held: () }
    Texts { held: String, letter: char, path: std::path::PathBuf }
    Times { held: Timestamp, name: Cow<'static, str>, ip: IpAddr }
    Signed { a: i8, b: i16, c: i32, d: i64, e: i128, f: isize }
    Unsigned { a: u8, b: u16, c: u32, d: u64, e: u128, f: usize }
    Floats { a: f32, b: f64 }
    NonZero { a: NonZeroI32, b: NonZeroU8, c: Option<NonZeroI32> }
    Maybe { a: Option<String>, b: Option<Option<u32>>, c: Option<Part>, d: Option<()> }
    LeftOut { #[serde(default, skip_serializing_if = "Option::is_none")] held: Option<Within> }
    Defaulted { #[serde(default)] held: Vec<Part> }
    Bytes { held: Vec<u8>, fixed: [u8; 16] }
    Lists { a: Vec<Part>, b: VecDeque<u8>, c: [f64; 3], d: [Part; 0] }
    Sets { a: HashSet<String>, b: BTreeSet<u32> }
    Tuples { a: (String, u32), b: (u8,), c: Both }
    Newtypes { a: Id, b: Box<Id>, c: Unit }
    TextKeys { held: BTreeMap<String, Part> }
    WholeKeys { a: BTreeMap<u32, Part>, b: HashMap<i64, String>, c: BTreeMap<u8, ()> }
    LetterKeys { held: BTreeMap<char, u32> }
    FlagKeys { held: BTreeMap<bool, u32> }
    KindKeys { a: BTreeMap<Kind, u32>, b: BTreeMap<Told, u32>, c: BTreeMap<Open, u32> }
    IdKeys { held: BTreeMap<Id, Part> }
    Kinds { a: Kind, b: Told, c: Open, d: Option<Kind>, e: Option<Told> }
    OfByName { held: ByName, maybe: Option<ByName> }
    OfWithin { held: Within, maybe: Option<Within>, many: Vec<Within> }
    OfStrict { held: Strict }
    OfBeside { held: Beside, maybe: Option<Beside> }
    OfUntold { held: Untold }
    Flattened { id: String, #[serde(flatten)] held: Part }
    FlattenedWithin { id: String, #[serde(flatten)] held: Within }
    FlattenedMaybe { id: String, #[serde(flatten)] held: Option<Within> }
    FlattenedByName { id: String, #[serde(flatten)] held: ByName }
    FlattenedBeside { id: String, #[serde(flatten)] held: Beside }
    FlattenedTwice { #[serde(flatten)] a: Within, #[serde(flatten)] b: ByName }
    FlattenedMap { id: String, #[serde(flatten)] rest: BTreeMap<String, String> }
    FlattenedAnything { id: String, #[serde(flatten)] rest: BTreeMap<String, serde_json::Value> }
    #[serde(deny_unknown_fields)] DeniedFlattened { id: String, #[serde(flatten)] held: Part }
    #[serde(deny_unknown_fields)] DeniedWithin { id: String, #[serde(flatten)] held: Within }
    #[serde(deny_unknown_fields)] Denied { id: String, held: Closed }
    Holds { held: Node, next: Chain }
    Itself { children: Vec<Itself>, parent: Option<Box<Itself>> }
    Spans { a: Range<u32>, b: RangeInclusive<i64>, c: Bound<f64> }
    Durations { a: Duration, b: SystemTime }
    Results { held: Result<Part, String>, odd: Result<(), NonZeroI32> }
    Ghost { held: PhantomData<Part> }
    Anything { held: serde_json::Value }
    OddOnes { held: Odd, maybe: Option<Odd>, #[serde(default)] more: Vec<Odd> }
    Ranged { #[schemars(extend("exclusiveMinimum" = 0.0))] above: f64, #[schemars(range(max = 9))] below: u32 }
}

#[test]
fn an_event_that_nobody_changed_agrees_with_itself_in_every_mode() {
    let zoo = zoo();
    assert!(zoo.len() >= 30, "{}", zoo.len());
    for (name, contract) in &zoo {
        for mode in Mode::ALL {
            let found: Vec<String> = match compatibility::check([contract], contract, mode) {
                Ok(findings) => findings.iter().map(ToString::to_string).collect(),
                Err(error) => vec![error.to_string()],
            };
            assert!(found.is_empty(), "{name}, {mode}: {found:#?} of {:#}", contract.reads);
        }
    }
}
