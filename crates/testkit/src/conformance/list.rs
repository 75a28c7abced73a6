/// Makes one test for each behaviour that every transport has. The argument is the name of a
/// [`Harness`](crate::conformance::Harness).
///
/// ```
/// use tekup_core::{Result, memory::MemoryTransport};
/// use tekup_testkit::conformance::{Harness, paused_runtime};
///
/// struct Memory(MemoryTransport);
///
/// impl Harness for Memory {
///     type Transport = MemoryTransport;
///
///     async fn fresh() -> Result<Self> {
///         Ok(Self(MemoryTransport::new()))
///     }
///     async fn transport(&self) -> Result<MemoryTransport> {
///         Ok(self.0.clone())
///     }
///     fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
///         paused_runtime()
///     }
/// }
///
/// tekup_testkit::transport_conformance!(Memory);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! transport_conformance {
    ($harness:ident) => {
        $crate::__behaviours! { $harness
            publishing {
                a_batch_is_answered_in_its_order,
                an_empty_batch_is_no_error,
                the_same_id_is_stored_once,
                a_duplicate_is_known_after_its_event_is_finished,
                the_same_id_within_one_batch_is_stored_once,
                two_tenants_with_one_id_have_two_events,
                ids_of_other_versions_of_uuids_are_stored_once_too,
                what_is_published_without_any_subscription_is_taken,
                publishers_of_the_same_ids_at_once_store_each_once,
                a_batch_of_a_thousand_events_and_two_mebibytes_is_stored,
                large_events_arrive_byte_for_byte,
                bytes_that_are_no_event_arrive_as_they_are,
                an_entry_of_a_stranger_is_handed_out_with_its_bytes,
            }
            subscribing {
                each_service_gets_every_event,
                replicas_share_the_work,
                a_subscription_that_was_away_gets_what_it_missed,
                a_new_subscription_starts_now,
                an_event_that_two_patterns_match_comes_once,
                wildcards_match_whole_types,
                the_patterns_of_the_newest_replica_hold,
                first_deliveries_of_a_lane_come_in_the_order_of_storing,
                nothing_is_missed_while_lanes_and_subscriptions_are_made_in_a_race,
            }
            naming {
                tenants_with_names_alike_are_kept_apart,
                subscriptions_with_names_alike_are_kept_apart,
                the_longest_names_are_taken,
                a_dash_and_a_dot_in_a_pattern_stand_for_themselves,
            }
            waiting {
                a_waiting_fetch_hears_a_publish,
                a_waiting_fetch_hears_that_a_peer_has_released,
                a_waiting_fetch_hears_a_replay,
                an_interrupt_makes_a_waiting_fetch_return_empty,
                an_interrupt_is_kept_for_the_next_fetch_and_for_no_other,
                an_interrupt_loses_nothing,
                closing_keeps_the_subscription,
                what_a_closed_replica_held_is_left_to_its_lease,
            }
            leasing {
                an_ended_lease_gives_the_delivery_to_another_replica,
                being_taken_over_unstarted_raises_no_count,
                a_start_is_fenced,
                renewal_keeps_the_lease,
                renewal_names_what_is_lost,
                a_stale_replica_changes_nothing,
                the_ack_of_a_stale_replica_finishes_the_event_at_most_once,
                a_verdict_repeated_changes_nothing,
                verdicts_of_a_batch_are_answered_in_their_order,
                a_released_delivery_goes_to_a_peer_at_once,
                a_released_retry_keeps_its_failures,
                an_ended_lease_of_a_retry_gives_it_to_another_replica,
            }
            retrying {
                a_retry_comes_not_before_its_delay_and_soon_after,
                a_retry_without_delay_comes_at_once,
                a_retry_belongs_to_its_subscription_alone,
                a_retry_outlives_the_handle_that_asked_for_it,
                an_earlier_retry_overtakes_the_wait_for_a_later_one,
                retries_come_in_the_order_in_which_they_are_due,
                failures_and_the_first_failure_are_carried,
                a_full_retry_queue_stops_fresh_events_and_loses_none,
                a_retry_days_away_is_kept,
                a_long_error_is_cut_and_stays_text,
            }
            lanes {
                critical_is_given_first,
                priorities_share_by_weight_and_none_starves,
                an_unused_share_goes_to_the_others,
                never_more_come_than_were_asked_for_over_150_full_lanes,
                no_lane_of_many_is_forgotten,
                one_tenants_flood_leaves_other_lanes_alone,
                what_a_slow_subscription_has_not_settled_is_never_trimmed,
            }
            dead_letters {
                a_dead_letter_keeps_reason_attempts_error_and_bytes,
                dead_letters_come_in_pages_the_oldest_first,
                a_page_stays_in_place_while_letters_come_and_go,
                dead_letters_can_be_asked_for_by_tenant,
                a_replay_goes_to_its_subscription_alone,
                a_replayed_event_may_fail_and_die_again,
                a_replay_counts_what_was_there,
                many_dead_letters_are_replayed_in_one_call,
                dead_letters_beyond_the_cap_go_oldest_first_and_are_counted,
                dead_letters_expire_by_age_and_are_counted,
                what_is_asked_of_no_subscription_names_it,
                a_page_of_none_or_of_too_many_is_refused,
                a_cursor_that_no_page_gave_is_refused,
            }
            status {
                the_status_follows_an_event_from_pending_to_completed,
                the_status_follows_an_event_through_death_and_replay,
                the_status_names_each_subscription_and_sums_them_up,
                a_taken_over_event_is_processing,
                an_event_for_nobody_is_completed,
                an_event_of_a_tenant_that_a_subscription_leaves_out_is_none_of_its_business,
                an_unknown_event_has_an_unknown_status,
            }
            unsupported {
                without_dead_letters_they_are_unsupported,
                without_status_it_is_unsupported,
            }
            counting {
                counters_sum_over_processes_and_tenants,
                what_was_never_counted_is_zero,
            }
            limiting {
                above_its_limit_a_lane_drops_its_oldest_events_and_counts_them,
                what_is_held_is_dropped_too_when_its_lane_is_too_long,
                what_was_dropped_twice_over_is_counted_once_for_each_subscription,
                a_limit_takes_nothing_from_who_keeps_up,
            }
            losing {
                a_source_that_lost_nothing_has_no_losses,
                what_is_stored_after_the_store_lost_everything_arrives,
                what_was_not_settled_arrives_though_its_place_was_lost,
            }
            on_the_bus {
                a_timed_out_handlers_late_result_is_ignored,
                what_can_not_be_decoded_is_dead_at_its_first_attempt_and_stops_nobody,
                a_tenants_handle_sees_only_its_own,
                a_retry_is_alive_in_a_new_bus_on_the_same_store,
                a_stopping_bus_hands_over_what_it_has_not_started_with_attempts_unraised,
                what_a_filter_leaves_out_is_finished_and_counted,
                a_handler_may_publish_while_its_bus_is_stopping,
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __behaviours {
    ($harness:ident $($chapter:ident { $($behaviour:ident,)* })*) => {
        $($(
            #[test]
            fn $behaviour() -> ::std::result::Result<(), impl ::std::fmt::Debug> {
                $crate::conformance::run::<$harness>($crate::conformance::$chapter::NEEDS, $crate::conformance::$chapter::$behaviour)
            }
        )*)*
    };
}

#[cfg(test)]
mod tests {
    /// A behaviour that nobody runs would be worse than none.
    #[test]
    fn every_behaviour_is_in_the_list() {
        let list = include_str!("list.rs");
        let chapters = [
            include_str!("publishing.rs"),
            include_str!("subscribing.rs"),
            include_str!("naming.rs"),
            include_str!("waiting.rs"),
            include_str!("leasing.rs"),
            include_str!("retrying.rs"),
            include_str!("lanes.rs"),
            include_str!("dead_letters.rs"),
            include_str!("status.rs"),
            include_str!("unsupported.rs"),
            include_str!("counting.rs"),
            include_str!("limiting.rs"),
            include_str!("losing.rs"),
            include_str!("on_the_bus.rs"),
        ];
        let names = chapters.iter().flat_map(|chapter| chapter.lines()).filter_map(|line| {
            let (name, _) = line.strip_prefix("pub async fn ")?.split_once('<')?;
            Some(name)
        });
        let mut count = 0;
        for name in names {
            assert!(list.contains(&format!(" {name},\n")), "{name} is not in the list");
            count += 1;
        }
        assert!(count >= 60, "only {count} behaviours were found");
    }
}
