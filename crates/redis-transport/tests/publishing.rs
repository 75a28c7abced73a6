//! Publishing under bad conditions.

mod common;

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use common::{ack, connect, event, id_of, int, key, open, publish, retry_in, settle, take};
use tekup_core::{
    ErrorKind,
    transport::{Admin, Outgoing, Settled, Stage, Transport},
};
use tekup_testkit::redis::RedisServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_forgets_its_scripts_all_the_time_does_no_harm() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                server.command(&["SCRIPT", "FLUSH"]).unwrap();
            }
        });
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                for _ in 0..100 {
                    publish(&transport, "lead.created").await;
                }
                for held in take(&source, 100).await {
                    assert_eq!(settle(&source, &held, retry_in(Duration::ZERO)).await.unwrap(), Settled::Done);
                }
                for held in take(&source, 100).await {
                    ack(&source, &held).await;
                }
                done.store(true, Relaxed);
            });
        });
    });
}

#[tokio::test]
async fn a_full_server_refuses_events_and_still_settles() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    for _ in 0..4 {
        publish(&transport, "lead.created").await;
    }
    let held = take(&source, 4).await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    let refused = transport.publish(vec![event("lead.created"), event("lead.scored")]).await.unwrap();
    for answer in refused {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Backpressure);
    }
    assert_eq!(settle(&source, &held[0], retry_in(Duration::ZERO)).await.unwrap(), Settled::Done);
    let dead = tekup_core::transport::Verdict::DeadLetter {
        reason: tekup_core::transport::DeadReason::Rejected,
        attempts: 1,
        error: "no".into(),
    };
    assert_eq!(settle(&source, &held[1], dead).await.unwrap(), Settled::Done);
    assert_eq!(settle(&source, &held[2], tekup_core::transport::Verdict::Release).await.unwrap(), Settled::Done);
    ack(&source, &held[3]).await;
    let again = take(&source, 2).await;
    for held in &again {
        ack(&source, held).await;
    }
    server.command(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    publish(&transport, "lead.created").await;
}

#[tokio::test]
async fn a_change_of_the_index_layout_is_noticed_and_loses_no_duplicate_of_the_past() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let past = event("lead.created");
    transport.publish(vec![past.clone()]).await.unwrap();
    let slices = "0:1,4000000000000:8";
    server.command(&["HSET", &key(&server, ":lanes"), "~layout", "2", "~slices", slices]).unwrap();
    let answers = transport.publish(vec![past, event("lead.created")]).await.unwrap();
    let duplicates: Vec<bool> = answers.into_iter().map(|answer| answer.unwrap().duplicate).collect();
    assert_eq!(duplicates, [true, false]);
}

#[tokio::test]
async fn the_index_is_cut_finer_when_ids_come_fast_and_still_knows_them() {
    let server = RedisServer::start().unwrap();
    drop(connect(&server).await);
    let layout = key(&server, ":lanes");
    // As after a quiet time.
    server.command(&["HSET", &layout, "~layout", "2", "~slices", "0:64"]).unwrap();
    let transport = connect(&server).await;
    let batch: Vec<_> = (0..5_000).map(|_| event("lead.created")).collect();
    transport.publish(batch.clone()).await.unwrap();
    let version = async || server.command(&["HGET", &layout, "~layout"]).unwrap().text() == Some("3");
    common::eventually("the index is cut anew", version).await;
    let slices = server.command(&["HGET", &layout, "~slices"]).unwrap();
    let slices: Vec<&str> = slices.text().unwrap().split(',').collect();
    assert!(slices.len() == 2 && slices[0] == "0:64" && !slices[1].ends_with(":64"), "{slices:?}");
    let again = transport.publish(batch).await.unwrap();
    assert!(again.iter().all(|answer| answer.as_ref().is_ok_and(|receipt| receipt.duplicate)));
}

#[tokio::test]
async fn ids_of_one_millisecond_fill_no_bucket_beyond_its_bound_and_all_are_known() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let of_one_ms = |number: u64| {
        let mut bytes = [7; 10];
        bytes[2..].copy_from_slice(&number.to_be_bytes());
        Outgoing { id: id_of(1_700_000_000_000, bytes), ..event("lead.created") }
    };
    let batch: Vec<_> = (0..20_000).map(of_one_ms).collect();
    for part in batch.chunks(1_000) {
        let answers = transport.publish(part.to_vec()).await.unwrap();
        assert!(answers.into_iter().all(|answer| !answer.unwrap().duplicate));
    }
    // What a call that finds it not yet full may add, and no more.
    let bytes = int(&server, &["STRLEN", &key(&server, ":ids:1.1700000000000")]);
    assert!((8_192..8_192 + 500 * 64).contains(&bytes), "{bytes}");
    for part in batch.chunks(1_000) {
        let answers = transport.publish(part.to_vec()).await.unwrap();
        assert!(answers.into_iter().all(|answer| answer.unwrap().duplicate));
    }
    for sent in [batch.first().unwrap(), batch.last().unwrap()] {
        assert_eq!(transport.admin().status(&sent.tenant, sent.id).await.unwrap().stage, Stage::Completed);
    }
}

#[tokio::test]
async fn ids_whose_bytes_are_line_feeds_are_told_apart() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let with_feeds = |number: u8| {
        let mut bytes = [b'\n'; 10];
        bytes[9] = number;
        Outgoing { id: id_of(0x0a0a_0a0a_0a0a, bytes), ..event("lead.created") }
    };
    // Few are looked for in one way, many in another.
    for numbers in [0..4, 0..40] {
        let known = if numbers.end > 4 { 4 } else { 0 };
        let batch: Vec<_> = numbers.map(with_feeds).collect();
        let answers = transport.publish(batch.clone()).await.unwrap();
        let duplicates: Vec<bool> = answers.into_iter().map(|answer| answer.unwrap().duplicate).collect();
        assert_eq!(duplicates, (0..batch.len()).map(|at| at < known).collect::<Vec<_>>());
        for part in [&batch[..], &batch[..3]] {
            let answers = transport.publish(part.to_vec()).await.unwrap();
            assert!(answers.into_iter().all(|answer| answer.unwrap().duplicate));
        }
    }
}

#[tokio::test]
async fn one_call_reaches_more_lanes_than_a_byte_can_count() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let kinds: Vec<String> = (0..300).map(|number| format!("kind.k{number}")).collect();
    transport.publish(kinds.iter().map(|kind| event(kind)).collect()).await.unwrap();
    for kind in kinds {
        assert_eq!(int(&server, &["XLEN", &key(&server, &format!(":lane:{kind}:medium"))]), 1, "{kind}");
    }
}

#[tokio::test]
async fn an_event_costs_the_log_of_the_server_little_more_than_itself() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    server.command(&["CONFIG", "SET", "appendonly", "yes"]).unwrap();
    let written = || {
        let info = server.command(&["INFO", "persistence"]).unwrap();
        let size = info.text().unwrap().lines().find_map(|line| line.strip_prefix("aof_current_size:")?.parse().ok());
        size.unwrap_or(0_u64)
    };
    common::eventually("the log is written", async || written() > 0).await;
    // All of one bucket, one a call.
    let before = written();
    for number in 0..200 {
        let sent = Outgoing { id: id_of(1_700_000_000_000, [number; 10]), ..event("lead.created") };
        transport.publish(vec![sent]).await.unwrap();
    }
    let each = (written() - before) / 200;
    assert!(each < 1_000, "{each} bytes an event");
}

#[tokio::test]
async fn a_batch_of_more_than_a_call_holds_is_stored_whole() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let batch: Vec<_> = (0..1_234).map(|_| event("lead.created")).collect();
    let answers = transport.publish(batch.clone()).await.unwrap();
    assert!(answers.iter().zip(&batch).all(|(answer, sent)| answer.as_ref().is_ok_and(|stored| stored.id == sent.id)));
    assert_eq!(int(&server, &["XLEN", &key(&server, ":lane:lead.created:medium")]), 1_234);
}

#[tokio::test]
async fn a_key_of_another_program_is_an_error_for_its_lane_alone() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    publish(&transport, "lead.created").await;
    let foreign = key(&server, ":lane:lead.created:medium").replace("lead.created", "lead.scored");
    server.command(&["SET", &foreign, "mine"]).unwrap();
    let error = transport.publish(vec![event("lead.scored")]).await.unwrap().remove(0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible, "{error}");
    publish(&transport, "lead.created").await;
}

#[tokio::test]
async fn a_key_of_another_program_is_told_as_such_where_somebody_takes_its_lane() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let _source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    let foreign = key(&server, ":lane:lead.created:medium").replace("lead.created", "lead.scored");
    server.command(&["SET", &foreign, "mine"]).unwrap();
    let error = transport.publish(vec![event("lead.scored")]).await.unwrap().remove(0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible, "{error}");
}

#[tokio::test]
async fn a_batch_that_meets_a_key_of_another_program_stores_all_others_once() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    publish(&transport, "lead.created").await;
    let lane = key(&server, ":lane:lead.created:medium");
    for number in [1, 2] {
        let foreign = lane.replace("lead.created", &format!("lead.foreign{number}"));
        server.command(&["SET", &foreign, "mine"]).unwrap();
    }
    let batch = ["lead.created", "lead.foreign1", "lead.created", "lead.foreign2", "lead.foreign1"].map(event).to_vec();
    for again in [false, true] {
        let answers = transport.publish(batch.clone()).await.unwrap();
        for (answer, sent) in answers.iter().zip(&batch) {
            match (sent.event_type.as_str(), answer) {
                ("lead.created", answer) => assert_eq!(answer.as_ref().unwrap().duplicate, again),
                (event_type, answer) => {
                    let error = answer.as_ref().unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Incompatible, "{event_type}: {error}");
                }
            }
        }
    }
    assert_eq!(int(&server, &["XLEN", &lane]), 3);
}

#[tokio::test]
async fn an_event_whose_id_can_not_be_noted_is_not_stored_and_is_stored_once_when_it_can() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let of_one_ms = |number: u8| Outgoing { id: id_of(1_700_000_000_000, [number; 10]), ..event("lead.created") };
    transport.publish(vec![of_one_ms(1)]).await.unwrap();
    let (ids, lane) = (key(&server, ":ids:1.1700000000000"), key(&server, ":lane:lead.created:medium"));
    let rest = format!("{ids}:rest");
    server.command(&["SET", &ids, &"x".repeat(8_192)]).unwrap();
    server.command(&["SET", &rest, "mine"]).unwrap();
    let batch = [2, 3].map(of_one_ms).to_vec();
    for _ in 0..2 {
        for answer in transport.publish(batch.clone()).await.unwrap() {
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::Incompatible);
        }
        assert_eq!(int(&server, &["XLEN", &lane]), 1);
    }
    server.command(&["DEL", &rest]).unwrap();
    for again in [false, true] {
        let answers = transport.publish(batch.clone()).await.unwrap();
        assert!(answers.into_iter().all(|answer| answer.unwrap().duplicate == again));
    }
    assert_eq!(int(&server, &["XLEN", &lane]), 3);
}

#[tokio::test]
async fn a_layout_that_can_not_be_read_is_an_error_that_names_it_and_no_endless_loop() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    publish(&transport, "lead.created").await;
    let lanes = key(&server, ":lanes");
    server.command(&["HSET", &lanes, "~layout", "nonsense"]).unwrap();
    let failed = transport.publish(vec![event("lead.created")]).await;
    let error = failed.and_then(|mut answers| answers.remove(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible, "{error}");
    assert!(error.to_string().contains("nonsense"), "{error}");
    server.command(&["CONFIG", "RESETSTAT"]).unwrap();
    server.command(&["SPUBLISH", &lanes.replace(":lanes", ":bell"), "due"]).unwrap();
    let looks = || {
        let stats = server.command(&["INFO", "commandstats"]).unwrap();
        let mut lines = stats.text().unwrap().lines();
        let calls = lines.find_map(|line| line.strip_prefix("cmdstat_hget:calls=")?.split_once(',')?.0.parse().ok());
        calls.unwrap_or(0_u64)
    };
    common::eventually("the bell is heard", async || looks() > 0).await;
    // A loop looks once in four round trips of others or so; who waits after a failure hardly ever.
    for _ in 0..400 {
        transport.admin().counters(None).await.unwrap();
    }
    assert!(looks() < 20, "{} look-ups while others made 400 round trips", looks());
}
