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
            at_once {
                publishers_at_once_have_a_receipt_each,
                of_publishers_of_one_id_at_once_one_is_new,
                each_task_among_many_keeps_its_order,
                an_event_that_is_refused_fails_no_other_that_comes_at_once,
                a_publisher_that_leaves_takes_no_other_with_it,
                a_stopping_bus_stores_what_it_has_accepted,
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
                replicas_that_are_alive_are_counted_and_a_closed_one_goes_at_once,
                replicas_of_an_unknown_subscription_are_asked_for_in_vain,
            }
            deploying {
                old_and_new_run_together_and_nothing_is_missed_or_repeated,
                an_old_one_that_restarts_does_not_take_the_subscription_back,
                deploys_of_one_revision_that_disagree_are_refused_with_both_their_lists,
                a_drained_lane_is_left_only_when_all_of_it_is_handled,
                a_dry_run_changes_nothing_and_says_what_then_happens,
                a_deploy_is_rolled_back_by_a_larger_revision,
                the_larger_revision_of_the_same_lists_is_kept,
                tenants_are_deployed_as_patterns_are,
                a_revision_out_of_range_is_refused,
                the_policy_that_the_newest_deploy_tells_of_is_known,
                a_policy_goes_with_the_deploy_that_takes_over,
            }
            starting {
                a_subscription_may_start_from_the_beginning,
                a_lane_made_later_is_read_from_the_beginning,
                a_start_counts_at_the_first_registration_only,
                an_event_that_lies_there_is_pending_for_who_starts_from_the_beginning,
                a_subscription_may_start_in_the_middle_of_what_lies_there,
                a_start_before_all_is_given_all_and_one_behind_all_nothing,
                a_start_to_come_is_given_nothing_from_before_and_all_from_after,
                a_start_to_come_holds_for_lanes_made_later_and_for_what_comes_due,
                the_first_start_counts_and_outlives_its_process,
                a_start_at_a_time_is_for_its_tenants,
                a_start_to_come_holds_though_places_are_lost,
                a_start_to_come_holds_for_the_lists_of_a_later_deploy,
                a_removal_forgets_the_start,
                a_start_out_of_range_is_refused_and_names_the_time,
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
            scheduling {
                a_delayed_event_comes_not_before_its_time_and_soon_after,
                an_event_for_a_time_comes_at_that_time,
                an_event_whose_time_is_past_when_it_is_stored_comes_at_once,
                a_delayed_event_outlives_the_handle_that_published_it,
                a_delayed_event_reaches_an_idle_subscription_in_a_new_process,
                a_subscription_that_joins_before_an_event_is_due_gets_it,
                events_come_in_the_order_of_their_times,
                an_event_that_comes_earlier_than_all_that_wait_is_not_kept_waiting,
                many_events_that_are_due_at_once_all_come,
                the_id_of_an_event_that_waits_is_taken,
                the_status_follows_an_event_from_scheduled_to_completed,
                what_waits_is_counted_by_tenant_and_in_all,
                a_handler_may_publish_for_later_and_the_chain_is_kept,
                times_that_can_not_be_meant_are_refused_and_nothing_is_stored,
            }
            cancelling {
                a_cancelled_event_never_comes,
                a_cancellation_that_comes_too_late_says_so,
                a_cancellation_that_races_with_the_time_is_true_either_way,
                another_tenants_cancellation_finds_nothing,
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
            purging {
                a_purged_letter_is_gone_and_its_event_stays_failed,
                a_purge_counts_what_was_there,
                many_dead_letters_are_purged_in_one_call,
                a_letter_that_has_died_again_is_another_one,
                a_purged_event_may_not_be_brought_back_by_the_same_id,
                a_strangers_dead_letter_is_replayed_and_purged_like_any,
                dead_letters_are_held_for_one_job_at_a_time,
                dead_letters_of_a_job_that_has_died_are_free_after_its_lease,
                the_job_of_one_tenant_keeps_no_other_off,
            }
            removing {
                a_removed_subscription_is_gone_with_all_that_it_had_and_no_other_is_touched,
                a_removed_subscription_begins_anew_when_it_is_opened_again,
                a_removed_subscription_may_start_from_the_beginning_again,
                what_comes_due_after_a_removal_is_not_for_the_removed,
                a_removal_is_refused_while_a_replica_is_alive,
                a_removal_is_refused_while_a_job_works_on_dead_letters,
                a_removal_of_an_unknown_subscription_names_the_one_that_was_meant,
                a_replica_that_joins_while_a_removal_runs_has_a_whole_subscription,
                what_was_counted_of_a_removed_subscription_is_gone_and_stays_gone,
                a_removal_tells_what_would_be_lost_and_deletes_nothing_unless_its_name_is_given_twice,
            }
            letter_jobs {
                a_filter_counts_and_lists_what_it_means_and_nothing_else,
                a_replay_by_filter_gives_back_what_it_means_and_nothing_else,
                a_purge_by_filter_deletes_what_it_means_and_nothing_else,
                a_filter_that_means_nothing_or_all_by_mistake_does_nothing,
                a_replay_at_a_rate_tells_its_progress_and_keeps_what_it_did,
                a_second_job_is_refused_while_one_runs,
                a_job_that_paused_too_long_gives_way_to_another,
                what_dies_again_during_a_replay_is_not_given_back_twice,
                what_dies_again_is_not_given_back_though_others_took_some_meanwhile,
                letters_that_others_took_meanwhile_are_counted_as_gone,
                a_tenants_job_reaches_its_own_letters_only,
                what_no_handler_could_be_given_is_refused_unless_forced,
            }
            letter_edits {
                an_edited_letter_is_a_new_event_that_names_the_dead_one,
                a_letter_whose_envelope_is_broken_is_edited_by_type,
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
            auditing {
                what_operators_do_is_recorded_with_who_what_and_how_many,
                an_action_has_one_record_that_is_completed_by_its_end,
                what_is_refused_or_stopped_says_so,
                an_audited_event_leaves_its_envelope_and_none_of_its_data,
                an_audited_event_is_recorded_once_and_when_it_is_accepted,
                an_untyped_event_is_recorded_where_the_bus_knows_its_type,
                records_come_in_pages_the_newest_first,
                a_tenant_is_told_of_what_can_reach_its_own_events_only,
                a_flood_of_events_pushes_out_no_action_and_of_both_the_oldest_go,
                a_page_of_records_that_can_not_be_meant_is_refused,
            }
            finding {
                an_event_is_found_in_its_lane_with_the_bytes_that_were_published,
                an_event_that_waits_for_its_time_is_found_with_that_time,
                an_event_is_found_while_it_is_retried_and_when_it_is_dead,
                an_event_of_another_tenant_and_an_unknown_one_are_not_found,
            }
            depths {
                every_state_is_told_by_lane_and_tenant,
                a_tenant_is_told_of_its_own_alone,
                the_oldest_has_waited_since_it_was_stored_until_it_is_settled,
                what_waits_for_a_later_attempt_begins_to_wait_when_that_is_due,
                depths_hold_while_paused,
                what_is_settled_and_trimmed_is_no_depth,
                depths_of_an_unknown_subscription_name_the_one_that_was_meant,
                each_subscription_has_depths_of_its_own_and_listeners_change_none,
            }
            unsupported {
                without_dead_letters_they_are_unsupported,
                without_status_it_is_unsupported_and_so_are_traces_and_the_events,
                without_broadcasts_they_are_unsupported,
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
            retaining {
                what_all_have_settled_is_kept_for_the_retention_and_given_to_who_begins_within_it,
                what_is_settled_goes_when_its_retention_is_over,
                a_lane_keeps_no_more_than_its_retention_length,
            }
            losing {
                a_source_that_lost_nothing_has_no_losses,
                what_is_stored_after_the_store_lost_everything_arrives,
                what_was_not_settled_arrives_though_its_place_was_lost,
            }
            tracing {
                what_handlers_publish_is_traced_to_what_caused_it_also_after_a_retry,
                events_of_one_correlation_are_traced_together_whoever_published_them,
                a_duplicate_under_another_correlation_is_no_effect_of_that_one,
                what_is_replayed_keeps_its_correlation_and_passes_it_on,
                of_a_correlation_with_too_many_events_a_trace_says_that_some_are_left_out,
            }
            timing {
                latencies_sum_over_processes_by_type,
                latencies_of_subscriptions_and_tenants_are_kept_apart,
                two_processes_tell_together_how_long_their_handlers_took,
            }
            health {
                a_bus_that_works_is_healthy_and_a_closed_one_is_not,
                what_lanes_have_dropped_degrades_a_bus_and_is_no_death,
                letters_that_went_for_room_are_told_as_new_deaths,
                what_waits_and_what_has_died_degrades_a_bus_and_is_named,
                what_waits_too_long_degrades_a_bus_unless_it_is_paused,
                what_waits_for_a_later_time_is_not_too_old,
                a_subscription_that_nobody_reads_any_more_is_named,
                subscriptions_are_listed_by_name_and_page_by_page,
            }
            on_the_bus {
                a_timed_out_handlers_late_result_is_ignored,
                what_can_not_be_decoded_is_dead_at_its_first_attempt_and_stops_nobody,
                what_a_filter_leaves_out_is_finished_and_counted,
                waiting_for_an_event_ends_when_every_subscription_is_done_with_it,
            }
            tenants {
                a_tenants_handle_sees_only_its_own,
            }
            stopping {
                a_retry_is_alive_in_a_new_bus_on_the_same_store,
                a_stopping_bus_hands_over_what_it_has_not_started_with_attempts_unraised,
                a_handler_may_publish_while_its_bus_is_stopping,
            }
            batches {
                a_batch_takes_what_waits_and_no_more_than_it_asked_for,
                each_event_of_a_batch_has_its_own_outcome,
                what_can_not_be_read_or_is_not_wanted_never_reaches_a_batch,
                a_batch_may_mix_tenants_and_what_it_causes_does_not,
                suspects_of_a_crash_are_handled_alone,
            }
            pausing {
                a_paused_subscription_is_given_nothing_until_it_is_resumed,
                a_waiting_fetch_hears_a_resume,
                both_of_two_replicas_pause_and_go_on,
                a_pause_holds_for_processes_to_come,
                a_pause_is_of_one_subscription_alone,
                a_pause_that_is_said_twice_changes_nothing,
                a_pause_of_an_unknown_subscription_names_the_one_that_was_meant,
                retries_that_come_due_wait_while_paused,
                what_a_paused_replica_holds_is_renewed_and_settled,
                the_books_and_the_status_hold_while_paused,
                a_pause_hands_back_what_is_not_started_and_lets_the_started_finish,
                two_buses_pause_and_share_the_work_again_when_resumed,
                pausing_again_and_again_amid_work_loses_nothing_and_repeats_nothing,
                a_paused_bus_starts_nothing_and_stops_at_once,
            }
            rate_limiting {
                a_rate_limit_is_shared_by_all_replicas,
                a_rate_limit_is_heard_while_it_waits,
                retries_count_against_the_rate_limit,
                what_one_replica_does_not_use_another_may,
                an_operators_rate_limit_holds_until_a_replica_says_something_new,
                an_old_replica_that_restarts_does_not_set_its_old_rate_limit_back,
                an_operators_rate_limit_holds_against_older_revisions_and_newer_ones_that_say_the_same,
                deploys_of_one_revision_with_different_rate_limits_are_refused_with_both,
                a_rate_limit_out_of_range_is_refused,
                a_bus_handles_no_more_than_its_rate_limit,
            }
            broadcasting {
                every_replica_hears_each_event,
                a_listener_hears_nothing_from_before_and_nothing_while_it_is_away,
                a_failing_listener_is_called_once_and_stops_nobody,
                a_listener_hears_its_patterns_tenants_and_filter,
                a_listener_hears_a_type_that_is_new,
                a_listener_hears_what_comes_later_though_nobody_subscribes,
                what_a_listener_hears_causes_what_follows,
                a_listener_leaves_no_trace_in_status_or_books,
            }
            guarding {
                what_was_finished_before_says_so_when_it_comes_again,
                without_a_guard_what_was_finished_comes_as_ever,
                the_end_of_an_event_is_forgotten_after_the_window,
                the_end_of_an_event_is_its_tenants_and_subscriptions_alone,
                a_guarded_handler_does_not_see_what_it_has_finished,
                a_window_out_of_range_is_refused,
            }
            refusing {
                a_batch_of_none_is_no_mistake_and_one_beyond_the_limit_stores_nothing,
                handlers_that_could_never_be_called_are_refused_and_register_nothing,
                a_lane_that_may_hold_nothing_is_refused,
                a_filter_that_wants_nothing_ends_all_unseen_and_one_that_wants_all_leaves_out_none,
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
            include_str!("at_once.rs"),
            include_str!("subscribing.rs"),
            include_str!("starting.rs"),
            include_str!("naming.rs"),
            include_str!("waiting.rs"),
            include_str!("leasing.rs"),
            include_str!("retrying.rs"),
            include_str!("scheduling.rs"),
            include_str!("cancelling.rs"),
            include_str!("lanes.rs"),
            include_str!("dead_letters.rs"),
            include_str!("purging.rs"),
            include_str!("removing.rs"),
            include_str!("deploying.rs"),
            include_str!("letter_jobs.rs"),
            include_str!("letter_edits.rs"),
            include_str!("status.rs"),
            include_str!("auditing.rs"),
            include_str!("finding.rs"),
            include_str!("depths.rs"),
            include_str!("unsupported.rs"),
            include_str!("counting.rs"),
            include_str!("limiting.rs"),
            include_str!("retaining.rs"),
            include_str!("losing.rs"),
            include_str!("timing.rs"),
            include_str!("health.rs"),
            include_str!("on_the_bus.rs"),
            include_str!("tenants.rs"),
            include_str!("stopping.rs"),
            include_str!("tracing.rs"),
            include_str!("batches.rs"),
            include_str!("pausing.rs"),
            include_str!("rate_limiting.rs"),
            include_str!("broadcasting.rs"),
            include_str!("guarding.rs"),
            include_str!("refusing.rs"),
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
