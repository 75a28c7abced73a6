use super::*;
use crate::transport::{FollowSpec, Follower};

async fn follow(transport: &MemoryTransport, pattern: &str) -> Box<dyn Follower> {
    let spec = FollowSpec::new("shop/cache".parse().unwrap(), vec![pattern.parse().unwrap()]);
    transport.follow(spec).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_slow_follower_misses_the_oldest_and_is_told_how_many() {
    let transport = MemoryTransport::new();
    let (mut slow, mut other) = (follow(&transport, "invoice.*").await, follow(&transport, "lead.*").await);
    publish(&transport, (0..10_003).map(|_| event()).collect()).await;
    let first = slow.next(10_000).await.unwrap();
    assert_eq!((first.deliveries.len(), first.missed), (10_000, 3));
    assert!(other.next(1).now_or_never().is_none());
    publish(&transport, vec![event()]).await;
    assert_eq!(slow.next(1).await.unwrap().missed, 0);
}

#[tokio::test(start_paused = true)]
async fn what_followers_have_before_them_counts_until_they_come_back_or_are_gone() {
    let transport = MemoryTransport::new();
    let mut follower = follow(&transport, "*").await;
    publish(&transport, (0..3).map(|_| event()).collect()).await;
    assert_eq!(transport.backlog().ready, 3);
    follower.next(2).await.unwrap();
    assert_eq!((transport.backlog().ready, transport.backlog().held), (1, 2));
    follower.next(2).await.unwrap();
    assert!(follower.next(2).now_or_never().is_none());
    assert!(transport.backlog().is_idle());
    publish(&transport, vec![event()]).await;
    drop(follower);
    assert!(transport.backlog().is_idle());
}
