use tekup_core::settings::{Setting, Takes};
use tekup_redis_transport::Settings;

use crate::scene::{Scene, line, toml, written};

/// What a setting can't be, in the words of a variable or a flag.
fn wrong(setting: &Setting) -> Vec<String> {
    match (setting.key, setting.takes) {
        ("redis.url", _) => vec!["localhost".into(), "http://localhost".into()],
        (_, Takes::Number(least, most) | Takes::Limit(least, most)) => {
            let below = least.checked_sub(1).map(|number| number.to_string());
            let others = ["many", "1.5", "-1", "1 s", "0x10", "99999999999999999999999"].map(str::to_owned);
            below.into_iter().chain([(most + 1).to_string()]).chain(others).collect()
        }
        ("operator", _) => vec!["x".repeat(200)],
        (_, Takes::Word(_)) => vec!["maybe".into(), "OFF".into()],
        _ => vec!["a b".into(), "x".repeat(200)],
    }
}

/// As a mistake shows it: long ones are cut.
fn shown(value: &str) -> String {
    value.chars().take(64).collect()
}

#[test]
fn what_a_setting_can_not_be_is_told_with_its_place_in_each_layer() {
    for setting in Settings::list() {
        for value in wrong(setting) {
            let places = [
                (Scene::new().flag("--this", setting.key, &value), "--this".into()),
                (Scene::new().variable(setting.variable, &value), setting.variable.to_owned()),
                (
                    Scene::new().file(toml(setting, &value)),
                    format!("{} (bus.toml, line {})", setting.key, line(setting)),
                ),
            ];
            for (scene, place) in places {
                let told = scene.mistake();
                let names_it = setting.shown.is_some() || told.contains(&shown(&value));
                assert!(told.starts_with(&place) && names_it && told.contains(": "), "{place} with {value}: {told}");
            }
        }
    }
}

#[test]
fn what_toml_has_and_no_setting_is_told_with_its_line() {
    for setting in Settings::list() {
        for value in ["true", "1.5", "-1", "2025-01-01", "[1, 2]", "[[]]", "\"\"", "0xffffffffffffffffff"] {
            let told = Scene::new().file(written(setting, value)).mistake();
            let place = format!("{} (bus.toml, line {})", setting.key, line(setting));
            assert!(told.starts_with(&place), "{} = {value}: {told}", setting.key);
        }
    }
    let told = Scene::new().file("concurrency = { most = 5 }").mistake();
    assert_eq!(told, "concurrency.most (bus.toml, line 1) is unknown: did you mean concurrency? Else remove it");
    let told = Scene::new().file("concurrency = \"5\"").mistake();
    assert_eq!(told, "concurrency (bus.toml, line 1) is `5`: write it without quotes, 1 to 10000");
    let told = Scene::new().file("[redis]\nurl = 6379").mistake();
    assert_eq!(told, "redis.url (bus.toml, line 2) is no text: write it in quotes");
}

#[test]
fn unknown_names_are_refused_with_the_nearest_in_each_layer() {
    let table = [
        (
            Scene::new().file("concurency = 5"),
            "concurency (bus.toml, line 1) is unknown: did you mean concurrency? Else remove it",
        ),
        (
            Scene::new().file("retry_attempts = 5"),
            "retry_attempts (bus.toml, line 1) is unknown: did you mean retryAttempts?",
        ),
        (
            Scene::new().file("[redis]\npartition = 5"),
            "redis.partition (bus.toml, line 2) is unknown: did you mean redis.partitions?",
        ),
        (
            Scene::new().file("partitions = 5"),
            "partitions (bus.toml, line 1) is unknown: did you mean redis.partitions?",
        ),
        (
            Scene::new().file("[bus]\nprefetch = 5"),
            "bus.prefetch (bus.toml, line 2) is unknown: did you mean prefetch?",
        ),
        (Scene::new().file("[rediss]"), "rediss (bus.toml, line 1) is unknown"),
        (Scene::new().file("[redis.tls]\nca = 1"), "redis.tls (bus.toml, line 1) is unknown"),
        (
            Scene::new().file("redis = \"redis://x\""),
            "redis (bus.toml, line 1) is no table: write [redis], and its settings below",
        ),
        (Scene::new().file("[[redis]]\nurl = \"redis://x\""), "redis (bus.toml, line 1) is no table"),
        (
            Scene::new().variable("EVENT_BUS_PREFECH", "5"),
            "EVENT_BUS_PREFECH is unknown: did you mean EVENT_BUS_PREFETCH? Else unset it",
        ),
        (
            Scene::new().variable("EVENT_BUS_PARTITION", "5"),
            "EVENT_BUS_PARTITION is unknown: did you mean EVENT_BUS_PARTITIONS?",
        ),
        (
            Scene::new().variable("EVENT_BUS_CONFIG_FILE", "5"),
            "EVENT_BUS_CONFIG_FILE is unknown: did you mean EVENT_BUS_CONFIG?",
        ),
        (
            Scene::new().flag("--lanes", "maxLaneLength", "5"),
            "maxLaneLength, which --lanes sets, is unknown: did you mean redis.maxLaneLength?",
        ),
    ];
    for (scene, expected) in table {
        let told = scene.mistake();
        assert!(told.starts_with(expected), "{told}");
    }
    assert!(Scene::new().file("[redis]\n").read().is_ok());
    assert!(Scene::new().variable("EVENT_BUSY", "5").variable("LOG_LEVEL", "info").read().is_ok());
}

#[test]
fn what_is_said_twice_in_one_layer_is_told() {
    let told = Scene::new().file("prefetch = 1\n\nprefetch = 2\n").mistake();
    assert!(told.starts_with("bus.toml, line 3: duplicate key"), "{told}");
    let told = Scene::new().flag("--a", "prefetch", "1").flag("--b", "prefetch", "2").mistake();
    assert_eq!(told, "--a and --b both set prefetch: leave one of them out");
    let scene = Scene::new();
    let path = scene.write("url", "redis://b");
    let told = scene.variable("REDIS_URL", "redis://a").variable("REDIS_URL_FILE", &path).mistake();
    assert_eq!(told, "REDIS_URL and REDIS_URL_FILE are both set: unset one of them");
}

#[test]
fn an_absent_service_name_is_told_with_all_places_that_could_say_it() {
    let told = Scene::unnamed().mistake();
    assert_eq!(told, "serviceName is absent: set SERVICE_NAME, or serviceName in a file");
    let told = Scene::unnamed().file("serviceName = \"\"").mistake();
    assert!(told.starts_with("serviceName (bus.toml, line 1): service name is absent"), "{told}");
}

#[test]
fn all_mistakes_of_all_layers_are_told_at_once_those_of_farther_layers_too() {
    let error = Scene::unnamed()
        .file("prefetch = 0\nhandlers = \"few\"\nleese = 1\n[redis]\npartitions = 257\n")
        .variable("EVENT_BUS_PREFETCH", "0")
        .variable("REDIS_URL_FILE", "no/such/file")
        .variable("EVENT_BUS_LEASE", "1")
        .flag("--prefetch", "prefetch", "0")
        .flag("--fetch", "fetch", "1")
        .refused();
    assert_eq!(error.problems().len(), 10, "{error}");
}
