use std::fs;

use crate::scene::Scene;

#[test]
fn what_is_no_file_of_settings_is_told_by_its_name() {
    let deep = format!("a = {}{}", "[".repeat(20_000), "]".repeat(20_000));
    let tables = format!("[{}]\n", vec!["a"; 20_000].join("."));
    let table: [(&[u8], &str); 8] = [
        (&[0xff, 0xfe, 0, 1, 2], "EVENT_BUS_CONFIG names `bus.toml`, which is no UTF-8: name a TOML file"),
        (&[0; 100], "bus.toml, line 1: "),
        (&vec![b'#'; 10 << 20], "EVENT_BUS_CONFIG names `bus.toml`, which is longer than 64 KiB"),
        (deep.as_bytes(), "bus.toml, line 1: "),
        (tables.as_bytes(), "bus.toml, line 1: "),
        (b"a = 1\n{\"concurrency\": 5}\n", "bus.toml, line 2: "),
        (b"a = 1\n\n[redis\n", "bus.toml, line 3: "),
        (b"concurrency: 5\n", "bus.toml, line 1: "),
    ];
    for (content, expected) in table {
        let told = Scene::new().file(content).mistake();
        assert!(told.starts_with(expected) && told.len() < 300, "{expected}: {told}");
    }
}

#[test]
fn a_file_that_is_absent_or_a_folder_is_told_beside_all_other_mistakes() {
    let scene = Scene::new();
    let folder = scene.path("folder");
    fs::create_dir(&folder).unwrap();
    for path in ["no/such/file".to_owned(), folder] {
        let error = Scene::new().variable("EVENT_BUS_CONFIG", &path).variable("EVENT_BUS_PREFETCH", "0").refused();
        let [first, second] = error.problems() else { panic!("{error}") };
        assert!(first.starts_with(&format!("EVENT_BUS_CONFIG names `{path}`, which can't be read (")), "{first}");
        assert!(second.starts_with("EVENT_BUS_PREFETCH is 0"), "{second}");
    }
}

#[test]
fn an_empty_file_and_one_with_a_mark_of_its_encoding_are_read() {
    for content in ["", "\n# nothing\n", "\u{feff}prefetch = 7\r\n"] {
        assert!(Scene::new().file(content).read().is_ok(), "{content:?}");
    }
    assert_eq!(Scene::new().file("\u{feff}prefetch = 0x10\r\n").read().unwrap().bus.prefetch, 16);
}

#[test]
fn a_secret_is_read_from_the_file_that_its_variable_names() {
    for (content, url) in
        [("redis://:pw@db", "redis://:pw@db"), ("redis://db\n", "redis://db"), ("redis://db\r\n\n", "redis://db")]
    {
        let scene = Scene::new();
        let path = scene.write("url", content);
        let scene = scene.file("[redis]\nurl = \"redis://file\"\n").variable("REDIS_URL_FILE", &path);
        let read = scene.read().unwrap();
        assert_eq!(read.redis.url, url);
        let told = read.told().iter().find(|told| told.setting.key == "redis.url").unwrap();
        assert_eq!(told.to_string(), "redis.url = redis://db (environment REDIS_URL_FILE)");
    }
}

#[test]
fn a_file_of_a_secret_that_can_not_be_one_is_told_by_its_name() {
    let table: [(&[u8], &str); 6] = [
        (b"", "is empty: write the value there"),
        (b"\n\n", "is empty: write the value there"),
        (&[0xff, 0xfe], "is no UTF-8: write text"),
        (&vec![b'x'; 10 << 20], "is longer than 64 KiB"),
        (b"localhost", "can't be used, for it has no scheme: write `redis://"),
        (b"rediss://localhost", "can't be used, for TLS is not supported yet: write"),
    ];
    for (content, expected) in table {
        let scene = Scene::new();
        let path = scene.write("url", content);
        let told = scene.variable("REDIS_URL_FILE", &path).mistake();
        assert!(told.starts_with("REDIS_URL_FILE") && told.contains(expected), "{told}");
    }
    let told = Scene::new().variable("REDIS_URL_FILE", "no/such/file").mistake();
    assert!(told.starts_with("REDIS_URL_FILE names `no/such/file`, which can't be read ("), "{told}");
}
