//! What is wrong with the server: what it keeps, and whom it lets in.

use std::path::Path;

use tekup_testkit::redis::RedisServer;

use super::{sound, world};
use crate::world::{Ran, eventually, program};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_deletes_keys_and_keeps_nothing_is_set_right_by_the_commands_that_are_printed() {
    let world = world(RedisServer::builder().config("maxmemory", "0").config("maxmemory-policy", "allkeys-lru")).await;
    let told = world.finds(&[], &["eviction-policy", "persistence-off", "memory-unlimited"]);
    assert!(told.line("eviction-policy").contains("allkeys-lru"), "{}", told.out);
    world.cure(&told);
    world.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_writes_late_or_only_saves_is_set_right_by_the_commands_that_are_printed() {
    let saves = world(RedisServer::builder().config("maxmemory", "256mb").config("save", "3600 1")).await;
    saves.cure(&saves.finds(&[], &["persistence-saves"]));
    saves.is_clean(&[]);
    let late = world(sound()).await;
    late.server.command(&["CONFIG", "SET", "appendfsync", "no"]).unwrap();
    late.cure(&late.finds(&[], &["persistence-late"]));
    late.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_can_not_write_its_data_is_told_until_it_can() {
    let world = world(sound().config("dbfilename", "in-the-way.rdb")).await;
    let folder = world.server.command(&["CONFIG", "GET", "dir"]).unwrap().items()[1].text().unwrap().to_owned();
    // Where the file should be there is a folder.
    let in_the_way = Path::new(&folder).join("in-the-way.rdb");
    std::fs::create_dir(&in_the_way).unwrap();
    let saves = async |wanted: &str| {
        world.server.command(&["BGSAVE"]).unwrap();
        let info = || world.server.command(&["INFO", "persistence"]).unwrap().text().unwrap().to_owned();
        eventually(async || info().contains("rdb_bgsave_in_progress:0") && info().contains(wanted)).await;
    };
    saves("rdb_last_bgsave_status:err").await;
    let told = world.finds(&[], &["persistence-failing"]);
    assert!(told.out.contains("    do: look into the log of Redis"), "{}", told.out);
    std::fs::remove_dir(&in_the_way).unwrap();
    saves("rdb_last_bgsave_status:ok").await;
    world.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_soon_takes_no_more_clients_is_told_and_takes_more() {
    let world = world(sound().tcp()).await;
    let address = world.server.url().replace("redis://", "");
    let _crowd: Vec<_> = (0..40).map(|_| std::net::TcpStream::connect(&address).unwrap()).collect();
    let info = world.server.command(&["INFO", "clients"]).unwrap().text().unwrap().to_owned();
    let connected: u64 = info.lines().find_map(|line| line.strip_prefix("connected_clients:")?.parse().ok()).unwrap();
    // Room for those of the program, and for nobody else.
    let most = (connected + 5).to_string();
    world.server.command(&["CONFIG", "SET", "maxclients", &most]).unwrap();
    world.cure(&world.finds(&[], &["clients"]));
    world.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_can_not_be_written_is_told_to_be_one() {
    let world = world(sound().tcp()).await;
    let replica = RedisServer::builder().tcp().start().unwrap();
    let address = world.server.url().replace("redis://", "");
    let (host, port) = address.split_once(':').unwrap();
    replica.command(&["REPLICAOF", host, port]).unwrap();
    let linked =
        || replica.command(&["INFO", "replication"]).unwrap().text().unwrap().contains("master_link_status:up");
    eventually(async || linked()).await;
    let ran = Ran::from(program(&["doctor"]).env("REDIS_URL", replica.url()).output().unwrap()).ends_with(3);
    assert!(ran.out.starts_with("error: read-only: ") && ran.out.contains(" ROLE\n"), "{}", ran.out);
}
