//! Changes on which the check and serde do not agree, as its documentation says: a schema does not tell them.

use std::collections::BTreeMap;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use tekup_core::TekupEvent;

changes! { is_not_found;
    the_keys_of_a_map_become_letters: {
        pub(crate) struct Data { counts: BTreeMap<String, u32> }
    } => {
        pub(crate) struct Data { counts: BTreeMap<char, u32> }
    }
    the_keys_of_a_map_become_true_or_false: {
        pub(crate) struct Data { counts: BTreeMap<String, u32> }
    } => {
        pub(crate) struct Data { counts: BTreeMap<bool, u32> }
    }
    the_numbers_that_are_keys_of_a_map_become_smaller: {
        pub(crate) struct Data { counts: BTreeMap<u32, u32> }
    } => {
        pub(crate) struct Data { counts: BTreeMap<u8, u32> }
    }
    an_optional_field_is_read_by_a_function_of_its_own_and_has_no_default: {
        pub(crate) struct Data { id: String }
    } => {
        pub(crate) struct Data { id: String, #[serde(deserialize_with = "super::as_it_is")] note: Option<String> }
    }
}

changes! { is_found_in_vain;
    a_renamed_field_keeps_its_old_name_as_an_alias: {
        pub(crate) struct Data { lead: String }
    } => {
        pub(crate) struct Data { #[serde(alias = "lead")] lead_id: String }
    }
    a_closed_set_takes_all_others_as_one: {
        pub(crate) struct Data { kind: Kind }
        pub(crate) enum Kind { Hot, Cold }
    } => {
        pub(crate) struct Data { kind: Kind }
        pub(crate) enum Kind { Hot, #[serde(other)] Other }
    }
    a_list_of_fields_becomes_a_struct: {
        pub(crate) struct Data { part: (String, u32) }
    } => {
        pub(crate) struct Data { part: Part }
        pub(crate) struct Part { name: String, count: u32 }
    }
}

fn as_it_is<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}
