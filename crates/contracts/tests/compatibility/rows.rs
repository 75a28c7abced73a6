//! Changes on which the check and serde agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    num::{NonZeroI16, NonZeroI32, NonZeroI64},
};

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{TekupEvent, Timestamp, UnknownValue};

changes! { agrees;
    nothing_changes: { pub(crate) struct Data { id: String } } => { pub(crate) struct Data { id: String } }
    an_optional_field_is_added: {
        pub(crate) struct Data { id: String }
    } => {
        pub(crate) struct Data { id: String, note: Option<String> }
    }
    an_optional_field_that_is_not_written_when_absent_is_added: {
        pub(crate) struct Data { id: String }
    } => {
        pub(crate) struct Data { id: String, #[serde(default, skip_serializing_if = "Option::is_none")] note: Option<String> }
    }
    a_field_with_a_default_is_added: {
        pub(crate) struct Data { id: String }
    } => {
        pub(crate) struct Data { id: String, #[serde(default)] score: f64 }
    }
    a_required_field_is_added: {
        pub(crate) struct Data { id: String }
    } => {
        pub(crate) struct Data { id: String, source: String }
    }
    a_required_field_is_removed: {
        pub(crate) struct Data { id: String, source: String }
    } => {
        pub(crate) struct Data { id: String }
    }
    an_optional_field_is_removed: {
        pub(crate) struct Data { id: String, note: Option<String> }
    } => {
        pub(crate) struct Data { id: String }
    }
    a_field_with_a_default_is_removed: {
        pub(crate) struct Data { id: String, #[serde(default)] score: f64 }
    } => {
        pub(crate) struct Data { id: String }
    }
    a_required_field_is_renamed: {
        pub(crate) struct Data { lead: String }
    } => {
        pub(crate) struct Data { lead_id: String }
    }
    an_optional_field_is_renamed: {
        pub(crate) struct Data { id: String, note: Option<String> }
    } => {
        pub(crate) struct Data { id: String, remark: Option<String> }
    }
    a_field_is_renamed_in_rust_only: {
        pub(crate) struct Data { lead: String }
    } => {
        pub(crate) struct Data { #[serde(rename = "lead")] lead_id: String }
    }
    the_case_of_fields_changes: {
        pub(crate) struct Data { lead_id: String }
    } => {
        pub(crate) struct Data { #[serde(rename = "leadId")] lead_id: String }
    }
    a_required_field_becomes_optional: {
        pub(crate) struct Data { note: String }
    } => {
        pub(crate) struct Data { note: Option<String> }
    }
    a_required_field_becomes_optional_and_is_left_out_when_absent: {
        pub(crate) struct Data { note: String }
    } => {
        pub(crate) struct Data { #[serde(default, skip_serializing_if = "Option::is_none")] note: Option<String> }
    }
    an_optional_field_gets_a_default_instead_of_null: {
        pub(crate) struct Data { note: Option<String> }
    } => {
        pub(crate) struct Data { #[serde(default)] note: String }
    }
    an_optional_field_that_is_left_out_gets_a_default: {
        pub(crate) struct Data { #[serde(default, skip_serializing_if = "Option::is_none")] note: Option<String> }
    } => {
        pub(crate) struct Data { #[serde(default)] note: String }
    }
    a_default_is_taken_away: {
        pub(crate) struct Data { #[serde(default)] score: f64 }
    } => {
        pub(crate) struct Data { score: f64 }
    }
    a_default_is_given: {
        pub(crate) struct Data { score: f64 }
    } => {
        pub(crate) struct Data { #[serde(default)] score: f64 }
    }
    an_empty_list_is_no_longer_written: {
        pub(crate) struct Data { #[serde(default)] tags: Vec<String> }
    } => {
        pub(crate) struct Data { #[serde(default, skip_serializing_if = "Vec::is_empty")] tags: Vec<String> }
    }
    an_empty_list_that_is_required_is_no_longer_written: {
        pub(crate) struct Data { tags: Vec<String> }
    } => {
        pub(crate) struct Data { #[serde(default, skip_serializing_if = "Vec::is_empty")] tags: Vec<String> }
    }
    unknown_fields_are_denied: {
        pub(crate) struct Data { id: String }
    } => {
        #[serde(deny_unknown_fields)] pub(crate) struct Data { id: String }
    }
    a_field_is_added_where_unknown_ones_are_denied: {
        #[serde(deny_unknown_fields)] pub(crate) struct Data { id: String }
    } => {
        #[serde(deny_unknown_fields)] pub(crate) struct Data { id: String, note: Option<String> }
    }
    fields_change_their_order: {
        pub(crate) struct Data { a: String, b: f64 }
    } => {
        pub(crate) struct Data { b: f64, a: String }
    }
    an_integer_is_widened: { pub(crate) struct Data { count: u8 } } => { pub(crate) struct Data { count: u32 } }
    an_integer_is_narrowed: { pub(crate) struct Data { count: i64 } } => { pub(crate) struct Data { count: i16 } }
    an_integer_gets_a_sign: { pub(crate) struct Data { count: u32 } } => { pub(crate) struct Data { count: i64 } }
    an_integer_loses_its_sign: { pub(crate) struct Data { count: i32 } } => { pub(crate) struct Data { count: u64 } }
    a_large_unsigned_integer_gets_a_sign: {
        pub(crate) struct Data { count: u64 }
    } => {
        pub(crate) struct Data { count: i64 }
    }
    an_integer_becomes_a_float: { pub(crate) struct Data { count: u32 } } => { pub(crate) struct Data { count: f64 } }
    a_float_becomes_an_integer: { pub(crate) struct Data { count: f64 } } => { pub(crate) struct Data { count: i64 } }
    a_float_loses_precision: { pub(crate) struct Data { ratio: f64 } } => { pub(crate) struct Data { ratio: f32 } }
    a_number_becomes_a_text: { pub(crate) struct Data { count: u32 } } => { pub(crate) struct Data { count: String } }
    a_text_becomes_a_number: { pub(crate) struct Data { count: String } } => { pub(crate) struct Data { count: u32 } }
    a_bool_becomes_a_text: { pub(crate) struct Data { done: bool } } => { pub(crate) struct Data { done: String } }
    a_range_is_tightened: {
        pub(crate) struct Data { #[garde(range(min = 0.0, max = 100.0))] score: f64 }
    } => {
        pub(crate) struct Data { #[garde(range(min = 0.0, max = 1.0))] score: f64 }
    }
    a_range_is_widened: {
        pub(crate) struct Data { #[garde(range(min = 0.0, max = 1.0))] score: f64 }
    } => {
        pub(crate) struct Data { #[garde(range(min = 0.0, max = 2.0))] score: f64 }
    }
    a_range_is_laid_down: {
        pub(crate) struct Data { score: f64 }
    } => {
        pub(crate) struct Data { #[garde(range(min = 0.0))] score: f64 }
    }
    a_range_of_an_integer_is_tightened: {
        pub(crate) struct Data { #[garde(range(min = 1, max = 10))] score: u32 }
    } => {
        pub(crate) struct Data { #[garde(range(min = 2, max = 9))] score: u32 }
    }
    a_range_of_an_integer_becomes_one_of_a_float: {
        pub(crate) struct Data { #[garde(range(min = 1, max = 10))] score: u32 }
    } => {
        pub(crate) struct Data { #[garde(range(min = 0.0, max = 10.0))] score: f64 }
    }
    a_text_must_not_be_empty_any_more: {
        pub(crate) struct Data { id: String }
    } => {
        pub(crate) struct Data { #[garde(length(min = 1))] id: String }
    }
    a_text_gets_a_longest_length: {
        pub(crate) struct Data { id: String }
    } => {
        pub(crate) struct Data { #[garde(length(max = 64))] id: String }
    }
    a_longest_length_grows: {
        pub(crate) struct Data { #[garde(length(max = 64))] id: String }
    } => {
        pub(crate) struct Data { #[garde(length(max = 128))] id: String }
    }
    a_list_must_hold_something: {
        pub(crate) struct Data { tags: Vec<String> }
    } => {
        pub(crate) struct Data { #[garde(length(min = 1))] tags: Vec<String> }
    }
    an_optional_text_must_not_be_empty: {
        pub(crate) struct Data { note: Option<String> }
    } => {
        pub(crate) struct Data { #[garde(length(min = 1))] note: Option<String> }
    }
    a_text_becomes_a_time: { pub(crate) struct Data { at: String } } => { pub(crate) struct Data { at: Timestamp } }
    a_time_becomes_a_text: { pub(crate) struct Data { at: Timestamp } } => { pub(crate) struct Data { at: String } }
    a_time_becomes_a_number: { pub(crate) struct Data { at: Timestamp } } => { pub(crate) struct Data { at: i64 } }
    a_closed_set_grows: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold, PainPoint }
    }
    a_closed_set_shrinks: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold, PainPoint }
    } => {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    }
    a_closed_set_that_keeps_unknown_values_grows: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold, #[serde(untagged)] Unknown(UnknownValue) }
    } => {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold, PainPoint, #[serde(untagged)] Unknown(UnknownValue) }
    }
    a_closed_set_that_keeps_unknown_values_shrinks: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold, PainPoint, #[serde(untagged)] Unknown(UnknownValue) }
    } => {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold, #[serde(untagged)] Unknown(UnknownValue) }
    }
    a_closed_set_begins_to_keep_unknown_values: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold, #[serde(untagged)] Unknown(UnknownValue) }
    }
    a_value_of_a_closed_set_is_renamed: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, #[serde(rename = "chilly")] Cold }
    }
    a_text_becomes_a_closed_set: {
        pub(crate) struct Data { kind: String }
    } => {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    }
    a_closed_set_becomes_a_text: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { kind: String }
    }
    an_optional_closed_set_grows: {
        pub(crate) struct Data { kind: Option<Kind> }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { kind: Option<Kind> }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold, PainPoint }
    }
    a_tagged_choice_gets_another: {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String } }
    } => {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String }, Company { vat: String } }
    }
    a_tagged_choice_gets_an_optional_field: {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String }, Company { vat: String } }
    } => {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String, title: Option<String> }, Company { vat: String } }
    }
    a_tagged_choice_gets_a_required_field: {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String }, Company { vat: String } }
    } => {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String, born: u32 }, Company { vat: String } }
    }
    the_tag_of_a_choice_is_renamed: {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String } }
    } => {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "sort", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String } }
    }
    a_choice_gets_a_tag_inside: {
        pub(crate) struct Data { party: Party }
        pub(crate) enum Party { Person { name: String } }
    } => {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String } }
    }
    a_choice_by_name_gets_another: {
        pub(crate) struct Data { party: Party }
        pub(crate) enum Party { Person { name: String } }
    } => {
        pub(crate) struct Data { party: Party }
        pub(crate) enum Party { Person { name: String }, Nobody }
    }
    a_choice_gets_its_content_apart: {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String } }
    } => {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind", content = "of", rename_all = "snake_case")] pub(crate) enum Party { Person { name: String } }
    }
    an_untagged_choice_gets_another: {
        pub(crate) struct Data { value: Value }
        #[serde(untagged)] pub(crate) enum Value { Number(f64), Text(String) }
    } => {
        pub(crate) struct Data { value: Value }
        #[serde(untagged)] pub(crate) enum Value { Number(f64), Text(String), Flag(bool) }
    }
    a_nested_object_gets_an_optional_field: {
        pub(crate) struct Data { part: Part }
        pub(crate) struct Part { name: String }
    } => {
        pub(crate) struct Data { part: Part }
        pub(crate) struct Part { name: String, weight: Option<f64> }
    }
    a_nested_object_gets_a_required_field: {
        pub(crate) struct Data { parts: Vec<Part> }
        pub(crate) struct Part { name: String }
    } => {
        pub(crate) struct Data { parts: Vec<Part> }
        pub(crate) struct Part { name: String, weight: f64 }
    }
    a_rule_of_a_nested_object_is_tightened: {
        pub(crate) struct Data { #[garde(dive)] part: Part }
        pub(crate) struct Part { weight: f64 }
    } => {
        pub(crate) struct Data { #[garde(dive)] part: Part }
        pub(crate) struct Part { #[garde(range(min = 0.0))] weight: f64 }
    }
    one_becomes_many: { pub(crate) struct Data { tag: String } } => { pub(crate) struct Data { tag: Vec<String> } }
    many_become_as_many_as_are_said: {
        pub(crate) struct Data { bbox: Vec<f64> }
    } => {
        pub(crate) struct Data { bbox: [f64; 4] }
    }
    a_fixed_list_becomes_any: {
        pub(crate) struct Data { bbox: [f64; 4] }
    } => {
        pub(crate) struct Data { bbox: Vec<f64> }
    }
    a_fixed_list_changes_its_length: {
        pub(crate) struct Data { bbox: [f64; 4] }
    } => {
        pub(crate) struct Data { bbox: [f64; 6] }
    }
    a_pair_changes_an_item: {
        pub(crate) struct Data { pair: (String, f64) }
    } => {
        pub(crate) struct Data { pair: (String, String) }
    }
    the_items_of_a_list_change: {
        pub(crate) struct Data { tags: Vec<String> }
    } => {
        pub(crate) struct Data { tags: Vec<u32> }
    }
    a_list_becomes_a_set: {
        pub(crate) struct Data { tags: Vec<String> }
    } => {
        pub(crate) struct Data { tags: BTreeSet<String> }
    }
    a_struct_becomes_a_map: {
        pub(crate) struct Data { part: Part }
        pub(crate) struct Part { name: String, unit: String }
    } => {
        pub(crate) struct Data { part: BTreeMap<String, String> }
    }
    a_struct_of_several_kinds_becomes_a_map: {
        pub(crate) struct Data { part: Part }
        pub(crate) struct Part { name: String, weight: f64 }
    } => {
        pub(crate) struct Data { part: BTreeMap<String, String> }
    }
    the_values_of_a_map_change: {
        pub(crate) struct Data { metrics: BTreeMap<String, f64> }
    } => {
        pub(crate) struct Data { metrics: BTreeMap<String, u32> }
    }
    an_object_becomes_anything: {
        pub(crate) struct Data { input: Part }
        pub(crate) struct Part { name: String }
    } => {
        pub(crate) struct Data { input: serde_json::Value }
    }
    a_newtype_is_taken_away: {
        pub(crate) struct Data { id: Id }
        pub(crate) struct Id(String);
    } => {
        pub(crate) struct Data { id: String }
    }
    fields_move_into_a_flattened_struct: {
        pub(crate) struct Data { name: String, unit: String }
    } => {
        pub(crate) struct Data { name: String, #[serde(flatten)] more: More }
        pub(crate) struct More { unit: String }
    }
    fields_move_into_a_nested_struct: {
        pub(crate) struct Data { name: String, unit: String }
    } => {
        pub(crate) struct Data { name: String, more: More }
        pub(crate) struct More { unit: String }
    }
    a_type_that_holds_itself_gets_an_optional_field: {
        pub(crate) struct Data { node: Node }
        pub(crate) struct Node { name: String, children: Vec<Node> }
    } => {
        pub(crate) struct Data { node: Node }
        pub(crate) struct Node { name: String, children: Vec<Node>, note: Option<String> }
    }
    a_type_that_holds_itself_gets_a_required_field: {
        pub(crate) struct Data { node: Node }
        pub(crate) struct Node { name: String, children: Vec<Node> }
    } => {
        pub(crate) struct Data { node: Node }
        pub(crate) struct Node { name: String, children: Vec<Node>, weight: f64 }
    }
    an_event_that_holds_itself_stays: {
        pub(crate) struct Data { children: Vec<Data>, parent: Option<Box<Data>> }
    } => {
        pub(crate) struct Data { children: Vec<Data>, parent: Option<Box<Data>> }
    }
    an_event_that_holds_itself_gets_an_optional_field: {
        pub(crate) struct Data { children: Vec<Data> }
    } => {
        pub(crate) struct Data { children: Vec<Data>, note: Option<String> }
    }
    an_event_that_holds_itself_gets_a_required_field: {
        pub(crate) struct Data { children: Vec<Data> }
    } => {
        pub(crate) struct Data { children: Vec<Data>, name: String }
    }
    an_event_that_may_hold_itself_gets_a_required_field: {
        pub(crate) struct Data { next: Option<Box<Data>> }
    } => {
        pub(crate) struct Data { next: Option<Box<Data>>, name: String }
    }
    an_event_holds_itself_no_more: {
        pub(crate) struct Data { children: Vec<Data> }
    } => {
        pub(crate) struct Data { children: Vec<Part> }
        pub(crate) struct Part { children: Vec<String> }
    }
    a_chain_stays: {
        pub(crate) struct Data { chain: Chain }
        pub(crate) struct Chain { next: Option<Box<Chain>> }
    } => {
        pub(crate) struct Data { chain: Chain }
        pub(crate) struct Chain { next: Option<Box<Chain>> }
    }
    a_chain_gets_a_required_field: {
        pub(crate) struct Data { chain: Chain }
        pub(crate) struct Chain { next: Option<Box<Chain>> }
    } => {
        pub(crate) struct Data { chain: Chain }
        pub(crate) struct Chain { next: Option<Box<Chain>>, name: String }
    }
    a_tagged_choice_of_structs_stays: {
        pub(crate) struct Data { party: Party, other: Option<Party> }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String }
    } => {
        pub(crate) struct Data { party: Party, other: Option<Party> }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String }
    }
    a_struct_of_a_tagged_choice_gets_an_optional_field: {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String }
    } => {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String, note: Option<String> }
    }
    a_struct_of_a_tagged_choice_gets_a_required_field: {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String }
    } => {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String, born: u32 }
    }
    a_struct_of_a_tagged_choice_is_written_out: {
        pub(crate) struct Data { party: Option<Party> }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String }
    } => {
        pub(crate) struct Data { party: Option<Party> }
        #[serde(tag = "kind")] pub(crate) enum Party { Person { name: String }, Nobody }
    }
    a_tagged_choice_of_structs_gets_another: {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person) }
        pub(crate) struct Person { name: String }
    } => {
        pub(crate) struct Data { party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Company(Person) }
        pub(crate) struct Person { name: String }
    }
    a_flattened_choice_stays: {
        pub(crate) struct Data { id: String, #[serde(flatten)] party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String }
    } => {
        pub(crate) struct Data { id: String, #[serde(flatten)] party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String }
    }
    a_flattened_choice_gets_a_required_field: {
        pub(crate) struct Data { id: String, #[serde(flatten)] party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String }
    } => {
        pub(crate) struct Data { id: String, #[serde(flatten)] party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person(Person), Nobody }
        pub(crate) struct Person { name: String, born: u32 }
    }
    a_flattened_choice_becomes_optional: {
        pub(crate) struct Data { id: String, #[serde(flatten)] party: Party }
        #[serde(tag = "kind")] pub(crate) enum Party { Person { name: String } }
    } => {
        pub(crate) struct Data { id: String, #[serde(flatten)] party: Option<Party> }
        #[serde(tag = "kind")] pub(crate) enum Party { Person { name: String } }
    }
    a_field_is_added_where_unknown_ones_are_denied_and_others_flattened: {
        #[serde(deny_unknown_fields)] pub(crate) struct Data { id: String, #[serde(flatten)] party: Party }
        pub(crate) enum Party { Person { name: String } }
    } => {
        #[serde(deny_unknown_fields)] pub(crate) struct Data { id: String, note: Option<String>, #[serde(flatten)] party: Party }
        pub(crate) enum Party { Person { name: String } }
    }
    a_map_with_numbers_as_keys_stays: {
        pub(crate) struct Data { counts: BTreeMap<u32, String> }
    } => {
        pub(crate) struct Data { counts: BTreeMap<u32, String> }
    }
    the_values_of_a_map_with_numbers_as_keys_change: {
        pub(crate) struct Data { counts: BTreeMap<u32, String> }
    } => {
        pub(crate) struct Data { counts: BTreeMap<u32, u32> }
    }
    the_values_of_a_map_with_numbers_as_keys_get_a_required_field: {
        pub(crate) struct Data { parts: BTreeMap<i64, Part> }
        pub(crate) struct Part { name: String }
    } => {
        pub(crate) struct Data { parts: BTreeMap<i64, Part> }
        pub(crate) struct Part { name: String, weight: f64 }
    }
    the_keys_of_a_map_get_a_sign: {
        pub(crate) struct Data { counts: BTreeMap<u32, u32> }
    } => {
        pub(crate) struct Data { counts: BTreeMap<i64, u32> }
    }
    the_keys_of_a_map_become_numbers: {
        pub(crate) struct Data { counts: BTreeMap<String, u32> }
    } => {
        pub(crate) struct Data { counts: BTreeMap<u32, u32> }
    }
    the_keys_of_a_map_become_a_closed_set: {
        pub(crate) struct Data { counts: BTreeMap<String, u32> }
    } => {
        pub(crate) struct Data { counts: BTreeMap<Kind, u32> }
        #[derive(PartialEq, Eq, PartialOrd, Ord)] pub(crate) enum Kind { Hot, Cold }
    }
    the_closed_set_of_the_keys_of_a_map_grows: {
        pub(crate) struct Data { counts: BTreeMap<Kind, u32> }
        #[derive(PartialEq, Eq, PartialOrd, Ord)] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { counts: BTreeMap<Kind, u32> }
        #[derive(PartialEq, Eq, PartialOrd, Ord)] pub(crate) enum Kind { Hot, Cold, PainPoint }
    }
    a_struct_becomes_a_map_with_numbers_as_keys: {
        pub(crate) struct Data { part: Part }
        pub(crate) struct Part { #[serde(rename = "1")] one: String, #[serde(rename = "2")] two: String }
    } => {
        pub(crate) struct Data { part: BTreeMap<u32, String> }
    }
    a_struct_with_names_becomes_a_map_with_numbers_as_keys: {
        pub(crate) struct Data { part: Part }
        pub(crate) struct Part { name: Option<String> }
    } => {
        pub(crate) struct Data { part: BTreeMap<u32, Option<String>> }
    }
    a_number_that_is_not_zero_stays: {
        pub(crate) struct Data { step: NonZeroI32, other: Option<NonZeroI32> }
    } => {
        pub(crate) struct Data { step: NonZeroI32, other: Option<NonZeroI32> }
    }
    a_number_may_not_be_zero_any_more: {
        pub(crate) struct Data { step: i32 }
    } => {
        pub(crate) struct Data { step: NonZeroI32 }
    }
    a_number_that_is_not_zero_is_widened: {
        pub(crate) struct Data { step: NonZeroI16 }
    } => {
        pub(crate) struct Data { step: NonZeroI64 }
    }
    a_number_must_be_above_another: {
        pub(crate) struct Data { #[garde(range(min = 0.0))] ratio: f64 }
    } => {
        pub(crate) struct Data { #[garde(custom(above_zero))] #[schemars(extend("exclusiveMinimum" = 0.0))] ratio: f64 }
    }
    a_number_above_another_stays: {
        pub(crate) struct Data { #[garde(custom(above_zero))] #[schemars(extend("exclusiveMinimum" = 0.0))] ratio: f64 }
    } => {
        pub(crate) struct Data { #[garde(custom(above_zero))] #[schemars(extend("exclusiveMinimum" = 0.0))] ratio: f64 }
    }

    // Each of these is there for a rule of the comparison that no other row holds it to.
    a_range_of_an_integer_becomes_a_tighter_one_of_a_float: {
        pub(crate) struct Data { #[garde(range(min = 1, max = 10))] score: u32 }
    } => {
        pub(crate) struct Data { #[garde(range(min = 2.0, max = 9.0))] score: f64 }
    }
    a_range_of_an_integer_becomes_one_of_a_float_with_another_least: {
        pub(crate) struct Data { #[garde(range(min = 1, max = 10))] score: u32 }
    } => {
        pub(crate) struct Data { #[garde(range(min = 2.0, max = 10.0))] score: f64 }
    }
    a_range_of_an_integer_becomes_one_of_a_float_with_another_most: {
        pub(crate) struct Data { #[garde(range(min = 1, max = 10))] score: u32 }
    } => {
        pub(crate) struct Data { #[garde(range(min = 1.0, max = 9.0))] score: f64 }
    }
    an_address_becomes_a_time: { pub(crate) struct Data { at: Ipv4Addr } } => { pub(crate) struct Data { at: Timestamp } }
    a_time_becomes_a_text_that_must_not_be_empty: {
        pub(crate) struct Data { at: Timestamp }
    } => {
        pub(crate) struct Data { #[garde(length(min = 1))] at: String }
    }
    a_text_must_hold_a_sign: {
        pub(crate) struct Data { email: String }
    } => {
        pub(crate) struct Data { #[garde(contains("@"))] email: String }
    }
    a_text_must_hold_another_sign: {
        pub(crate) struct Data { email: String, #[garde(contains("@"))] id: String }
    } => {
        pub(crate) struct Data { email: String, #[garde(contains("#"))] id: String }
    }
    a_text_becomes_a_single_character: {
        pub(crate) struct Data { grade: String }
    } => {
        pub(crate) struct Data { grade: char }
    }
    a_number_becomes_a_closed_set_that_keeps_unknown_values: {
        pub(crate) struct Data { kind: u32 }
    } => {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold, #[serde(untagged)] Unknown(UnknownValue) }
    }
    a_text_becomes_a_closed_set_that_keeps_unknown_values: {
        pub(crate) struct Data { kind: String }
    } => {
        pub(crate) struct Data { kind: Option<Kind> }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold, #[serde(untagged)] Unknown(UnknownValue) }
    }
    a_closed_set_becomes_a_text_that_is_long_enough: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { #[garde(length(min = 3, max = 4))] kind: String }
    }
    a_closed_set_becomes_a_text_that_is_too_short: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { #[garde(length(max = 3))] kind: String }
    }
    a_closed_set_becomes_a_text_that_is_too_long: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { #[garde(length(min = 4))] kind: String }
    }
    a_closed_set_becomes_a_time: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { kind: Timestamp }
    }
    a_closed_set_becomes_a_text_that_holds_a_sign: {
        pub(crate) struct Data { kind: Kind }
        #[serde(rename_all = "snake_case")] pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { #[garde(contains("@"))] kind: String }
    }
    a_flattened_map_gets_a_named_field: {
        pub(crate) struct Data { id: String, #[serde(flatten)] more: BTreeMap<String, u32> }
    } => {
        pub(crate) struct Data { id: String, note: Option<String> }
    }
    a_flattened_map_gets_a_named_field_of_its_values: {
        pub(crate) struct Data { id: String, #[serde(flatten)] more: BTreeMap<String, u32> }
    } => {
        pub(crate) struct Data { id: String, note: Option<u32> }
    }
    a_flattened_map_gets_a_required_field: {
        pub(crate) struct Data { id: String, #[serde(flatten)] more: BTreeMap<String, u32> }
    } => {
        pub(crate) struct Data { id: String, note: u32 }
    }
    a_flattened_map_is_denied: {
        pub(crate) struct Data { id: String, #[serde(flatten)] more: BTreeMap<String, u32> }
    } => {
        #[serde(deny_unknown_fields)] pub(crate) struct Data { id: String }
    }
    the_values_of_a_flattened_map_change: {
        pub(crate) struct Data { id: String, #[serde(flatten)] more: BTreeMap<String, u32> }
    } => {
        pub(crate) struct Data { id: String, #[serde(flatten)] more: BTreeMap<String, String> }
    }
    a_field_that_may_be_left_out_moves_into_a_flattened_map: {
        pub(crate) struct Data { id: String, #[serde(default, skip_serializing_if = "Option::is_none")] note: Option<String> }
    } => {
        pub(crate) struct Data { id: String, #[serde(flatten)] more: BTreeMap<String, String> }
    }
    a_field_that_may_be_null_moves_into_a_flattened_map: {
        pub(crate) struct Data { id: String, note: Option<String> }
    } => {
        pub(crate) struct Data { id: String, #[serde(flatten)] more: BTreeMap<String, String> }
    }
    a_map_becomes_a_struct_of_optional_fields: {
        pub(crate) struct Data { part: BTreeMap<String, u32> }
    } => {
        pub(crate) struct Data { part: Part }
        pub(crate) struct Part { weight: Option<u32>, unit: Option<String> }
    }
    a_pair_becomes_a_list: {
        pub(crate) struct Data { pair: (f64, f64) }
    } => {
        pub(crate) struct Data { pair: Vec<f64> }
    }
    a_pair_becomes_a_list_of_others: {
        pub(crate) struct Data { pair: (f64, String) }
    } => {
        pub(crate) struct Data { pair: Vec<f64> }
    }
    a_list_of_two_or_more_becomes_a_set_of_as_many: {
        pub(crate) struct Data { #[garde(length(min = 2))] tags: Vec<String> }
    } => {
        pub(crate) struct Data { #[garde(length(min = 2))] tags: BTreeSet<String> }
    }
    a_set_of_two_or_more_stays_one: {
        pub(crate) struct Data { #[garde(length(min = 2))] tags: BTreeSet<String> }
    } => {
        pub(crate) struct Data { #[garde(length(min = 2))] tags: BTreeSet<String> }
    }
    a_list_of_one_or_more_becomes_a_set_of_as_many: {
        pub(crate) struct Data { #[garde(length(min = 1))] tags: Vec<String> }
    } => {
        pub(crate) struct Data { #[garde(length(min = 1))] tags: BTreeSet<String> }
    }
    what_was_taken_to_be_read_inside_a_choice_that_fails_is_looked_at_again: {
        pub(crate) struct Data { first: Whole, second: Part }
        pub(crate) struct Whole { part: Option<Box<Part>>, weight: u32 }
        pub(crate) struct Part { #[serde(default, skip_serializing_if = "Option::is_none")] whole: Option<Box<Whole>> }
    } => {
        pub(crate) struct Data { first: Either, second: Part }
        #[serde(untagged)] pub(crate) enum Either { Whole(Whole), Other(Other) }
        pub(crate) struct Whole { part: Option<Box<Part>>, weight: String }
        pub(crate) struct Part { #[serde(default, skip_serializing_if = "Option::is_none")] whole: Option<Box<Whole>> }
        pub(crate) struct Other {}
    }
}

fn above_zero(ratio: &f64, _: &()) -> garde::Result {
    if *ratio > 0.0 { Ok(()) } else { Err(garde::Error::new("is not above zero")) }
}
