//! A suite that lets a flawed transport pass proves nothing: each flaw here must make a behaviour fail that an honest
//! transport passes.
#![allow(clippy::expect_used, reason = "a test may fail loudly")]

mod flawed;

use std::time::Duration;

use flawed::{Flaw, Flawed};
use tekup_core::{
    EventId, RateLimit, Timestamp,
    audit::AdminAction,
    transport::{
        Books, Capabilities, DeadReason, Delivery, LetterKey, Outgoing, Policy, Receipt, Settled, Start, StoredEvent,
        SubscriptionState, Verdict,
    },
};

struct Honest;
impl Flaw for Honest {}

/// Declares fewer capabilities, and keeps to it.
struct Modest;
impl Flaw for Modest {
    const CAN: Capabilities = Capabilities { status: false, dead_letters: false, ..Honest::CAN };
    const REFUSES: bool = true;
}

type ModestTransport = Flawed<Modest>;

mod a_transport_that_can_do_less {
    use super::ModestTransport;

    tekup_testkit::transport_conformance!(ModestTransport);
}

/// `name: a flaw { its hook }, the behaviour that catches it`.
macro_rules! catches {
    ($($name:ident: $flaw:ident { $($hook:item)* }, $chapter:ident::$behaviour:ident;)*) => {$(
        struct $flaw;
        impl Flaw for $flaw {
            $($hook)*
        }

        #[test]
        fn $name() {
            use tekup_testkit::conformance::{$chapter, run};
            let needs = $chapter::NEEDS;
            run::<Flawed<Honest>>(needs, $chapter::$behaviour).expect("an honest transport passes");
            let flawed = std::panic::catch_unwind(|| run::<Flawed<$flaw>>(needs, $chapter::$behaviour));
            assert!(!matches!(flawed, Ok(Ok(()))), "the flaw was not noticed");
        }
    )*};
}

catches! {
    a_removal_that_removes_nothing: Keeps {
        const REMOVES: bool = false;
    }, removing::a_removed_subscription_is_gone_with_all_that_it_had_and_no_other_is_touched;
    a_lost_event: Loses {
        fn stored(mut batch: Vec<Outgoing>) -> Vec<Outgoing> {
            batch.truncate(batch.len().saturating_sub(1).max(1));
            batch
        }
    }, subscribing::each_service_gets_every_event;

    a_delivery_given_twice: GivesTwice {
        fn fetched(mut batch: Vec<Delivery>) -> Vec<Delivery> {
            let again = batch.first().cloned();
            if let (Some(last), Some(again)) = (batch.last_mut(), again) {
                *last = again;
            }
            batch
        }
    }, subscribing::each_service_gets_every_event;

    more_than_was_asked_for: TakesMore {
        fn most(most: usize) -> usize {
            most + 1
        }
    }, lanes::never_more_come_than_were_asked_for_over_150_full_lanes;

    an_end_that_is_forgotten: ForgetsEnds {
        fn fetched(mut batch: Vec<Delivery>) -> Vec<Delivery> {
            batch.iter_mut().for_each(|delivery| delivery.start = Start::Fresh);
            batch
        }
    }, guarding::what_was_finished_before_says_so_when_it_comes_again;

    another_order: Reverses {
        fn fetched(mut batch: Vec<Delivery>) -> Vec<Delivery> {
            batch.reverse();
            batch
        }
    }, subscribing::first_deliveries_of_a_lane_come_in_the_order_of_storing;

    changed_bytes: Rewrites {
        fn fetched(mut batch: Vec<Delivery>) -> Vec<Delivery> {
            for delivery in &mut batch {
                delivery.bytes = String::from_utf8_lossy(&delivery.bytes).into_owned().into();
            }
            batch
        }
    }, publishing::bytes_that_are_no_event_arrive_as_they_are;

    a_duplicate_that_is_not_told: ForgetsDuplicates {
        fn receipt(receipt: Receipt) -> Receipt {
            Receipt::new(receipt.id, false)
        }
    }, publishing::the_same_id_is_stored_once;

    a_retry_that_is_early: RetriesEarly {
        fn verdict(verdict: Verdict) -> Verdict {
            slower(verdict, |delay| delay / 2)
        }
    }, retrying::a_retry_comes_not_before_its_delay_and_soon_after;

    a_retry_that_is_late: RetriesLate {
        fn verdict(verdict: Verdict) -> Verdict {
            slower(verdict, |delay| delay + Duration::from_secs(5))
        }
    }, retrying::a_retry_comes_not_before_its_delay_and_soon_after;

    forgotten_failures: ForgetsFailures {
        fn fetched(mut batch: Vec<Delivery>) -> Vec<Delivery> {
            batch.iter_mut().for_each(|delivery| delivery.failures = delivery.failures.min(1));
            batch
        }
    }, retrying::failures_and_the_first_failure_are_carried;

    a_forgotten_first_failure: ForgetsFirstFailure {
        fn fetched(mut batch: Vec<Delivery>) -> Vec<Delivery> {
            batch.iter_mut().for_each(|delivery| delivery.first_failure = None);
            batch
        }
    }, retrying::failures_and_the_first_failure_are_carried;

    a_retry_that_is_dropped: DropsRetries {
        fn verdict(verdict: Verdict) -> Verdict {
            if matches!(verdict, Verdict::Retry { .. }) { Verdict::Ack } else { verdict }
        }
    }, retrying::a_retry_outlives_the_handle_that_asked_for_it;

    a_dead_letter_that_is_dropped: DropsDeadLetters {
        fn verdict(verdict: Verdict) -> Verdict {
            if matches!(verdict, Verdict::DeadLetter { .. }) { Verdict::Ack } else { verdict }
        }
    }, dead_letters::dead_letters_come_in_pages_the_oldest_first;

    a_release_that_counts_as_a_failure: ReleasesByRetry {
        fn verdict(verdict: Verdict) -> Verdict {
            let retry = Verdict::Retry { delay: Duration::ZERO, failures: 1, error: String::new() };
            if verdict == Verdict::Release { retry } else { verdict }
        }
    }, leasing::a_released_delivery_goes_to_a_peer_at_once;

    a_fence_that_is_open: Unfenced {
        fn settled(_: Settled) -> Settled {
            Settled::Done
        }
    }, leasing::a_stale_replica_changes_nothing;

    a_takeover_that_looks_fresh: LooksFresh {
        fn fetched(mut batch: Vec<Delivery>) -> Vec<Delivery> {
            batch.iter_mut().for_each(|delivery| delivery.start = Start::Fresh);
            batch
        }
    }, leasing::an_ended_lease_gives_the_delivery_to_another_replica;

    an_interrupt_that_is_not_heard: Deaf {
        const HEARS_INTERRUPTS: bool = false;
    }, waiting::an_interrupt_makes_a_waiting_fetch_return_empty;

    books_that_do_not_balance: Unbalanced {
        fn books(books: Books) -> Books {
            Books { dropped: books.dropped + 1, ..books }
        }
    }, subscribing::a_new_subscription_starts_now;

    lost_events_that_are_told_as_letters: TellsDropsAsLetters {
        fn books(books: Books) -> Books {
            Books { letters_dropped: books.letters_dropped + books.dropped, dropped: 0, ..books }
        }
    }, limiting::above_its_limit_a_lane_drops_its_oldest_events_and_counts_them;

    letters_that_are_told_as_lost_events: TellsLettersAsDrops {
        fn books(books: Books) -> Books {
            Books { letters_dropped: 0, dropped: books.dropped + books.letters_dropped, ..books }
        }
    }, dead_letters::dead_letters_beyond_the_cap_go_oldest_first_and_are_counted;

    books_that_are_cooked: Cooked {
        fn books(books: Books) -> Books {
            Books { published: books.published + 1, acked: books.acked + 1, ..books }
        }
    }, subscribing::a_new_subscription_starts_now;

    a_filtered_event_that_is_given_up: GivesUpSkipped {
        fn verdict(verdict: Verdict) -> Verdict {
            let dead = || Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: String::new() };
            if verdict == Verdict::Skip { dead() } else { verdict }
        }
    }, on_the_bus::what_a_filter_leaves_out_is_finished_and_counted;

    a_timed_out_event_that_is_finished: FinishesTimedOut {
        fn verdict(verdict: Verdict) -> Verdict {
            if matches!(verdict, Verdict::Retry { .. }) { Verdict::Ack } else { verdict }
        }
    }, on_the_bus::a_timed_out_handlers_late_result_is_ignored;

    a_hand_over_that_raises_attempts: HandsOverByRetry {
        fn verdict(verdict: Verdict) -> Verdict {
            let retry = Verdict::Retry { delay: Duration::ZERO, failures: 1, error: String::new() };
            if verdict == Verdict::Release { retry } else { verdict }
        }
    }, stopping::a_stopping_bus_hands_over_what_it_has_not_started_with_attempts_unraised;

    a_pause_that_a_bus_is_not_told_of: TellsNoState {
        const TELLS_ITS_STATE: bool = false;
    }, pausing::a_pause_hands_back_what_is_not_started_and_lets_the_started_finish;

    a_pause_that_begins_anew_when_it_is_asked_for: ForgetsSince {
        fn state(mut state: SubscriptionState) -> SubscriptionState {
            state.paused = state.paused.and(Some(Timestamp::from_unix_millis(0).expect("a time")));
            state
        }
    }, pausing::a_pause_that_is_said_twice_changes_nothing;

    a_rate_limit_that_each_replica_has_for_itself: LimitsEach {
        fn limit(limit: RateLimit) -> RateLimit {
            RateLimit::new(limit.events() * 2, limit.period())
        }
    }, rate_limiting::a_rate_limit_is_shared_by_all_replicas;

    a_death_that_is_replayed_twice: ReplaysAnyDeath {
        fn letter(key: LetterKey) -> LetterKey {
            LetterKey { died: None, ..key }
        }
    }, purging::a_letter_that_has_died_again_is_another_one;

    a_purge_that_only_says_so: KeepsPurged {
        const PURGES: bool = false;
    }, purging::a_purged_letter_is_gone_and_its_event_stays_failed;

    purged_letters_that_nobody_counted: ForgetsPurged {
        fn books(books: Books) -> Books {
            Books { purged: 0, ..books }
        }
    }, purging::many_dead_letters_are_purged_in_one_call;

    a_hold_that_keeps_nobody_off: HoldsForAnybody {
        fn holder(_: &str) -> &str {
            "anybody"
        }
    }, letter_jobs::a_second_job_is_refused_while_one_runs;

    bytes_that_are_rewritten_when_they_are_shown: Trims {
        fn found(event: StoredEvent) -> StoredEvent {
            let bytes = event.bytes.trim_ascii().to_vec().into();
            StoredEvent { bytes, ..event }
        }
    }, finding::an_event_is_found_in_its_lane_with_the_bytes_that_were_published;

    an_action_of_which_only_the_begin_is_kept: NeverEnds {
        fn action(mut action: AdminAction) -> AdminAction {
            action.end = None;
            action
        }
    }, auditing::what_operators_do_is_recorded_with_who_what_and_how_many;

    an_action_that_is_recorded_twice: RecordsTwice {
        fn action(mut action: AdminAction) -> AdminAction {
            action.id = EventId::generate().to_string();
            action
        }
    }, auditing::an_action_has_one_record_that_is_completed_by_its_end;

    a_tenant_that_is_told_of_others: TellsAll {
        const KEEPS_TENANTS_APART: bool = false;
    }, auditing::a_tenant_is_told_of_what_can_reach_its_own_events_only;

    an_audited_event_without_a_record: Forgets {
        fn stored(mut batch: Vec<Outgoing>) -> Vec<Outgoing> {
            batch.iter_mut().for_each(|event| event.audit = None);
            batch
        }
    }, auditing::an_audited_event_leaves_its_envelope_and_none_of_its_data;

    a_policy_that_is_told_to_nobody: Secretive {
        fn policy(_: Policy) -> Option<Policy> {
            None
        }
    }, deploying::the_policy_that_the_newest_deploy_tells_of_is_known;

    something_undeclared_that_is_not_refused: Boastful {
        const CAN: Capabilities = Capabilities { status: false, ..Honest::CAN };
    }, unsupported::without_status_it_is_unsupported_and_so_are_traces_and_the_events;

    undeclared_dead_letters_that_are_not_refused: BoastfulToo {
        const CAN: Capabilities = Capabilities { dead_letters: false, ..Honest::CAN };
    }, unsupported::without_dead_letters_they_are_unsupported;
}

fn slower(verdict: Verdict, by: impl Fn(Duration) -> Duration) -> Verdict {
    match verdict {
        Verdict::Retry { delay, failures, error } => Verdict::Retry { delay: by(delay), failures, error },
        other => other,
    }
}
