//! Connections that are refused, cut, frozen, or lead to another life of the server.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::{Duration, Instant};

use common::{ack, config, connect, eventually, fetch_within, open, publish, retry_in, settle, take};
use tekup_core::{
    ErrorKind,
    transport::{Settled, Source, Transport, Verdict},
};
use tekup_redis_transport::{RedisConfig, RedisTransport};
use tekup_testkit::redis::{Fsync, RedisServer};

const CANARY: &str = "c4n4ry";

#[tokio::test]
async fn a_wrong_password_is_denied_and_not_shown() {
    let server = RedisServer::builder().tcp().password("right").start().unwrap();
    let url = server.url().replace("right", CANARY);
    let error = RedisTransport::connect(&RedisConfig::new(url)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert!(error.to_string().contains("check user and password"), "{error}");
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
}

#[tokio::test]
async fn a_password_is_shown_by_nothing_that_works_or_fails() {
    let mut server = RedisServer::builder().tcp().password(CANARY).start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let mut shown = vec![format!("{:?} {transport:?} {source:?}", config(&server))];
    server.kill().unwrap();
    let error = transport.publish(vec![common::event("lead.created")]).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let error = fetch_within(&source, 1, common::SOON).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let error = RedisTransport::connect(&config(&server)).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    assert!(shown.iter().all(|text| !text.contains(CANARY)), "{shown:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_by_name() {
    let mut server = RedisServer::builder().tcp().start().unwrap();
    server.kill().unwrap();
    let error = RedisTransport::connect(&config(&server)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("127.0.0.1") && error.to_string().contains("check that it runs"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_after_the_timeout_and_used_again_when_it_does() {
    let server = RedisServer::builder().tcp().start().unwrap();
    let brief = Duration::from_millis(200);
    let config = RedisConfig { command_timeout: brief, connect_timeout: brief, ..config(&server) };
    let transport = RedisTransport::connect(&config).await.unwrap();
    server.freeze().unwrap();
    let started = Instant::now();
    let error = transport.publish(vec![common::event("lead.created")]).await.unwrap_err();
    assert!(error.is_retryable() && started.elapsed() < Duration::from_secs(2), "{error} {:?}", started.elapsed());
    server.thaw().unwrap();
    let again = async || transport.publish(vec![common::event("lead.created")]).await.is_ok();
    eventually("the server is used again", again).await;
}

#[tokio::test]
async fn a_connection_that_was_cut_while_idle_costs_nobody_an_error() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    for _ in 0..3 {
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        publish(&transport, "lead.created").await;
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        ack(&source, &take(&source, 1).await[0]).await;
    }
}

#[tokio::test]
async fn subscriptions_share_four_connections() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let mut sources = Vec::new();
    for number in 0..10 {
        let spec = tekup_core::transport::SourceSpec::new(
            format!("billing/number-{number}").parse().unwrap(),
            vec!["*".parse().unwrap()],
        );
        sources.push(transport.open(spec).await.unwrap());
    }
    publish(&transport, "lead.created").await;
    for source in &sources {
        let held = take(source, 1).await.remove(0);
        assert!(source.renew(vec![held.held]).await.unwrap().is_empty());
        ack(source, &held).await;
    }
    let clients = server.command(&["CLIENT", "LIST"]).unwrap();
    let ours = clients.text().unwrap().lines().filter(|line| !line.contains("cmd=client")).count();
    assert_eq!(ours, 4, "{}", clients.text().unwrap());
}

#[tokio::test]
async fn what_was_held_in_another_life_of_the_server_is_lost_and_comes_again() {
    let mut server = RedisServer::builder().append_only(Fsync::Always).start().unwrap();
    let transport = connect(&server).await;
    let mut brief = common::spec("*");
    brief.lease = Duration::from_millis(300);
    let source = transport.open(brief).await.unwrap();
    let id = publish(&transport, "lead.created").await;
    let held = take(&source, 1).await.remove(0);
    server.kill().unwrap();
    server.restart().unwrap();
    eventually("the source is connected again", async || source.renew(vec![held.held]).await.is_ok()).await;
    for verdict in [Verdict::Ack, retry_in(Duration::ZERO), Verdict::Release] {
        assert_eq!(settle(&source, &held, verdict).await.unwrap(), Settled::LeaseLost);
    }
    let again = take(&source, 1).await.remove(0);
    assert_eq!(again.id, id);
    assert!(again.held.epoch > held.held.epoch);
    let started = source.start(again.held).await.unwrap().unwrap();
    ack(&source, &started).await;
}

#[tokio::test]
async fn readers_read_on_though_a_server_has_lost_all_its_data() {
    let mut server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    ack(&source, &take(&source, 1).await[0]).await;
    server.kill().unwrap();
    server.restart().unwrap();
    // Under the number that the other lane had before.
    let first = publish(&transport, "lead.scored").await;
    let second = publish(&transport, "lead.created").await;
    let mut taken: Vec<_> = take(&source, 2).await.iter().map(|held| held.id).collect();
    taken.sort_unstable();
    assert_eq!(taken, [first, second]);
    let losses = source.losses();
    assert!(losses.count == 1 && losses.last.is_some_and(|loss| loss.registration));
    let third = publish(&transport, "lead.scored").await;
    assert_eq!(take(&source, 1).await[0].id, third);
}

#[tokio::test]
async fn a_connection_that_finds_another_history_takes_all_others_along() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let for_commands = first_client(&server);
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    let held = take(&source, 1).await.remove(0);
    assert!(source.renew(vec![held.held]).await.unwrap().is_empty());
    ack(&source, &held).await;
    server.command(&["DEBUG", "CHANGE-REPL-ID"]).unwrap();
    assert_eq!(common::int(&server, &["CLIENT", "KILL", "ID", &for_commands]), 1);
    for _ in 0..2 {
        publish(&transport, "lead.created").await;
        let held = take(&source, 1).await.remove(0);
        assert!(source.renew(vec![held.held]).await.unwrap().is_empty());
        ack(&source, &held).await;
    }
}

/// The bus's oldest connection, which is the one for commands.
fn first_client(server: &RedisServer) -> String {
    let clients = server.command(&["CLIENT", "LIST", "TYPE", "normal"]).unwrap();
    let ours = clients.text().unwrap().lines().filter(|line| !line.contains("cmd=client"));
    let id = |line: &str| line.strip_prefix("id=")?.split(' ').next()?.parse::<u64>().ok();
    ours.filter_map(id).min().unwrap().to_string()
}
