//! Servers that can't be used, and groups that are gone.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use tekup_core::{Error, ErrorKind, Event, Subscription};
use tekup_redis_transport::{RedisConfig, RedisTransport, connect};
use tekup_testkit::redis::RedisServer;

use crate::{
    job::{Job, Task},
    lines::Lines,
    world::World,
};

const CANARY: &str = "c4n4ry";

/// The canary is in no word of the error, its causes, nor the log.
fn expect_discreet(error: &Error, lines: &Lines) {
    let mut words = format!("{error} {error:?} {error:#?} {}", lines.text());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(&format!("{error} {error:?}"));
        cause = error.source();
    }
    assert!(!words.contains(CANARY), "{words}");
}

#[tokio::test]
async fn a_server_that_does_not_run_is_an_error_at_once_that_says_where_and_what_to_do() {
    let (lines, _guard) = Lines::capture();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let begun = Instant::now();
    let error = connect(format!("redis://user:{CANARY}@127.0.0.1:{port}"), "billing").await.unwrap_err();
    assert!(begun.elapsed() < RedisConfig::default().connect_timeout);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let expected = format!("Redis at redis://127.0.0.1:{port} can't be reached: check that it runs");
    assert!(error.to_string().starts_with(&expected), "{error}");
    expect_discreet(&error, &lines);
}

#[tokio::test]
async fn a_server_that_never_answers_is_an_error_when_the_connect_timeout_is_over() {
    let (lines, _guard) = Lines::capture();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let mut config = RedisConfig::new(format!("redis://:{CANARY}@{address}"));
    config.connect_timeout = Duration::from_millis(300);
    let begun = Instant::now();
    let error = RedisTransport::connect(&config).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains(&format!("Redis at redis://{address} did not answer in time: ")), "{error}");
    expect_discreet(&error, &lines);
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_never_told() {
    let (lines, _guard) = Lines::capture();
    let server = RedisServer::builder().tcp().password("sesame").start().unwrap();
    for credentials in [format!(":{CANARY}@"), format!("{CANARY}:{CANARY}@"), String::new()] {
        let url = server.url().replace(":sesame@", &credentials);
        let error = connect(url, "billing").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
        assert!(error.to_string().contains("check user and password"), "{error}");
        expect_discreet(&error, &lines);
    }
    connect(server.url(), "billing").await.unwrap();
}

#[tokio::test]
async fn a_subscription_that_cannot_be_made_anew_stops_with_one_error_and_others_go_on() {
    let (lines, _guard) = Lines::capture_from(tracing::Level::WARN);
    let world = World::new().await;
    let (done, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let other = Subscription::to::<Job>("other").handler_with(done, async |done, _: Event<Job>, _| {
        done.send(())?;
        Ok(())
    });
    let other = world.bus.subscribe(other).await.unwrap();
    let lost = Subscription::to::<Job>("lost").handler(async |_: Event<Job>, _| ());
    let lost = world.bus.subscribe(lost).await.unwrap();
    world.publish([Task::Pass]).await;
    handled.recv().await.unwrap();

    let lane = world.lane();
    let starts = lane.replace(":lane:job.queued:medium", ":starts");
    world.server.command(&["SET", &starts, "a stranger's"]).unwrap();
    world.server.command(&["XGROUP", "DESTROY", &lane, "service/lost"]).unwrap();
    world.publish([Task::Pass]).await;
    world.until("the subscription has stopped", async || lost.failure().is_some()).await;
    let failure = lost.failure().unwrap();
    assert_eq!(failure.kind(), ErrorKind::SubscriptionLost);
    let message = failure.to_string();
    assert!(message.starts_with("subscription `service/lost` has lost what it reads from"), "{message}");
    assert!(message.contains("subscribe again"), "it says what to do: {message}");
    world.publish([Task::Pass]).await;
    for _ in 0..2 {
        handled.recv().await.unwrap();
    }
    assert!(other.failure().is_none());
    assert_eq!(lines.text().matches("has stopped reading").count(), 1, "{}", lines.text());
}
