use tekup_core::{
    BusConfig,
    settings::{Origin, Part, Setting, Takes, Told, Value},
};
use tekup_redis_transport::{RedisConfig, Settings};

use crate::scene::{Scene, line, toml};

/// Three values for three layers, none of them the default, and no two neighbours alike.
fn values(setting: &Setting) -> [String; 3] {
    let texts = |texts: [&str; 3]| texts.map(str::to_owned);
    match (setting.key, setting.takes) {
        ("redis.url", _) => texts(["redis://a:1", "redis://b:2/3", "redis+unix:///run/c.sock"]),
        (_, Takes::Number(least, most) | Takes::Limit(least, most)) => {
            let usual = usual(setting);
            let free =
                [least, least + 1, least + 2, least + 3, most].into_iter().filter(|n| usual != Value::Number(*n));
            let mut free = free.map(|n| n.to_string());
            [(); 3].map(|()| free.next().unwrap())
        }
        (_, Takes::Word(words)) => {
            let usual = usual(setting).to_string();
            let mut free = words.iter().filter(|&&word| word != usual).cycle();
            [(); 3].map(|()| (*free.next().unwrap()).to_owned())
        }
        (_, Takes::List(..) | Takes::WordOrList(..)) => texts(["acme", "acme,bolt", "core"]),
        _ => texts(["first", "second", "third"]),
    }
}

fn all_values(bus: &BusConfig, redis: &RedisConfig, setting: &Setting) -> Value {
    let values = if setting.key.starts_with("redis.") { redis.values() } else { bus.values() };
    values[setting.field()].clone()
}

fn usual(setting: &Setting) -> Value {
    all_values(&BusConfig::default(), &RedisConfig::default(), setting)
}

/// What a setting is, and what is told of it.
fn found(scene: &Scene, setting: &Setting) -> (Value, Told) {
    let read: Settings = scene.read().unwrap_or_else(|error| panic!("{}: {error}", setting.key));
    let told = read.told().iter().find(|told| told.setting == setting).unwrap().clone();
    (all_values(&read.bus, &read.redis, setting), told)
}

#[track_caller]
fn expect(scene: &Scene, setting: &Setting, value: &Value, origin: &Origin) {
    let (actual, told) = found(scene, setting);
    assert_eq!((&actual, &told.value, &told.origin), (value, value, origin), "{}", setting.key);
}

fn value(setting: &Setting, text: &str) -> Value {
    match setting.takes {
        Takes::Number(..) | Takes::Limit(..) => Value::Number(text.parse().unwrap()),
        Takes::List(..) | Takes::WordOrList(..) => Value::List(text.split(',').map(str::to_owned).collect()),
        _ => text.into(),
    }
}

#[test]
fn each_setting_is_as_the_nearest_says_a_flag_the_environment_a_file_or_the_default() {
    for setting in Settings::list() {
        let [by_flag, by_variable, by_file] = values(setting);
        let scene = if setting.is_required { Scene::unnamed() } else { Scene::new() };
        if !setting.is_required {
            expect(&scene, setting, &usual(setting), &Origin::Default);
        }
        let scene = scene.file(toml(setting, &by_file));
        let origin = Origin::File { path: scene.path("bus.toml"), line: line(setting) };
        expect(&scene, setting, &value(setting, &by_file), &origin);
        let scene = scene.variable(setting.variable, &by_variable);
        expect(&scene, setting, &value(setting, &by_variable), &Origin::Variable(setting.variable.into()));
        let scene = scene.flag("--this", setting.key, &by_flag);
        expect(&scene, setting, &value(setting, &by_flag), &Origin::Flag("--this".into()));
    }
}

#[test]
fn no_limit_can_be_said_wherever_a_limit_can() {
    for setting in Settings::list().filter(|setting| matches!(setting.takes, Takes::Limit(..))) {
        let scene = Scene::new().file(toml(setting, "9"));
        expect(
            &scene.variable(setting.variable, "none"),
            setting,
            &Value::None,
            &Origin::Variable(setting.variable.into()),
        );
        let scene = Scene::new().file(toml(setting, "none")).flag("--this", setting.key, "none");
        expect(&scene, setting, &Value::None, &Origin::Flag("--this".into()));
    }
}

#[test]
fn settings_of_several_layers_come_together_and_what_is_empty_says_nothing() {
    let scene = Scene::unnamed()
        .file("serviceName = \"billing\"\nconcurrency = 7\nprefetch = 77\n[redis]\nnamespace = \"shop\"\n")
        .variable("EVENT_BUS_PREFETCH", "88")
        .variable("EVENT_BUS_CONCURRENCY", "")
        .flag("--partitions", "redis.partitions", "3");
    let Settings { bus, redis, .. } = scene.read().unwrap();
    assert_eq!((bus.service_name.as_str(), bus.concurrency, bus.prefetch), ("billing", 7, 88));
    assert_eq!((redis.namespace.as_str(), redis.partitions), ("shop", 3));
    let alone = RedisConfig::from_environment(&scene.environment()).unwrap();
    assert_eq!((alone.namespace.as_str(), alone.partitions), ("shop", 8));
}

#[test]
fn settings_of_redis_alone_are_refused_names_that_nobody_knows_and_let_those_of_the_bus_be() {
    let scene = Scene::unnamed()
        .file("concurrency = 7\nconcurency = 8\n[redis]\nnamespase = \"shop\"\n")
        .variable("EVENT_BUS_PREFETCH", "many")
        .variable("EVENT_BUS_PARTITION", "3");
    let error = RedisConfig::from_environment(&scene.environment()).unwrap_err();
    let told = error.problems().join("\n");
    let meant = ["mean EVENT_BUS_PARTITIONS?", "mean concurrency?", "mean redis.namespace?"];
    assert!(meant.iter().all(|name| told.contains(name)) && error.problems().len() == 3, "{told}");
}

#[test]
fn a_variable_is_the_key_in_capitals_but_for_three_that_are_older() {
    for setting in Settings::list() {
        let words = setting.field().chars().flat_map(|c| c.is_ascii_uppercase().then_some('_').into_iter().chain([c]));
        let variable = format!("EVENT_BUS_{}", words.collect::<String>().to_ascii_uppercase());
        let older = ["SERVICE_NAME", "REDIS_URL", "EVENT_BUS_PUBLISH_WAIT"];
        assert!(setting.variable == variable || older.contains(&setting.variable), "{}", setting.variable);
    }
}

#[test]
fn a_number_whose_name_says_a_unit_has_it() {
    for setting in Settings::list() {
        for (ending, unit) in [("Ms", "ms"), ("Seconds", "s"), ("Bytes", "bytes")] {
            assert!(!setting.key.ends_with(ending) || setting.unit == unit, "{}", setting.key);
        }
    }
}
